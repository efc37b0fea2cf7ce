import { limits } from "@sendsar/protocol/limits";
import type { TokenMutants } from "./token-mutants.ts";
import { forgeries } from "./token-mutants.ts";

/**
 * B06-B10: tokens signed with the right key whose claims are not those of a session. Nobody but a gateway can make them,
 * so they stand for tokens of other kinds, of other versions, and of a signer with a defect.
 */
export const claimMutants = (): TokenMutants => ({ ...times, ...issuers, ...tenants, ...purposes, ...subjects });

const times = forgeries({
  "B06 exp past, beyond the leeway": ({ now }) => ({ payload: { exp: now - limits.sessionLeewaySeconds } }),
  "B06 no exp": () => ({ payload: { exp: undefined } }),
  "B06 exp a text": ({ now }) => ({ payload: { exp: String(now + 3600) } }),
  "B06 exp null": () => ({ payload: { exp: null } }),
  "B06 exp a list": ({ now }) => ({ payload: { exp: [now + 3600] } }),
  "B06 exp 1e308": () => ({ payload: { exp: 1e308 } }),
  "B06 exp beyond all numbers": (f) => ({ payloadText: textWith(f.now, '"exp":1e999') }),
  "B06 exp negative": () => ({ payload: { exp: -1 } }),
  "B06 exp in milliseconds": ({ now }) => ({ payload: { exp: (now + 3600) * 1000 } }),
  "B06 exp later than a session may last": ({ now }) => ({
    payload: { iat: now, exp: now + limits.sessionSecondsMax + 1 },
  }),
  "B06 exp between two seconds": ({ now }) => ({ payload: { exp: now + 3600.5 } }),
  "B06 nbf in the future, beyond the leeway": ({ now }) => ({
    payload: { nbf: now + limits.sessionLeewaySeconds + 1 },
  }),
  "B06 nbf a text": ({ now }) => ({ payload: { nbf: String(now - 10) } }),
  "B06 iat in the future, beyond the leeway": ({ now }) => ({
    payload: { iat: now + limits.sessionLeewaySeconds + 1 },
  }),
  "B06 iat in a thousand years": ({ now }) => ({ payload: { iat: now + 31_536_000_000, exp: now + 31_536_003_600 } }),
  "B06 iat longer ago than a session may last": ({ now }) => ({
    payload: { iat: now - limits.sessionSecondsMax - limits.sessionLeewaySeconds - 1 },
  }),
  "B06 no iat": () => ({ payload: { iat: undefined } }),
  "B06 iat a text": ({ now }) => ({ payload: { iat: String(now - 10) } }),
  "B06 iat negative": () => ({ payload: { iat: -1 } }),
  "B06 iatms a text": ({ now }) => ({ payload: { iatms: String((now - 10) * 1000) } }),
  "B06 iatms null": () => ({ payload: { iatms: null } }),
  "B06 iatms between two milliseconds": ({ now }) => ({ payload: { iatms: (now - 10) * 1000 + 0.5 } }),
  "B06 iatms beyond all numbers": (f) => ({ payloadText: textWith(f.now, `"exp":${f.now + 60},"iatms":1e999`) }),
});

/** A payload of which the last member is written by hand. */
const textWith = (now: number, member: string): string =>
  `{"tid":"a","typ":"session","sub":"ann","iss":"sendsar","aud":"sendsar-client","iat":${now},"jti":"x",${member}}`;

const issuers = forgeries({
  "B07 iss of somebody else": () => ({ payload: { iss: "https://accounts.example" } }),
  "B07 iss that starts with ours": () => ({ payload: { iss: "sendsar.example" } }),
  "B07 no iss": () => ({ payload: { iss: undefined } }),
  "B07 iss empty": () => ({ payload: { iss: "" } }),
  "B07 iss a list with ours": () => ({ payload: { iss: ["sendsar", "https://accounts.example"] } }),
  "B07 iss a list of ours alone": () => ({ payload: { iss: ["sendsar"] } }),
  "B07 aud of somebody else": () => ({ payload: { aud: "livekit" } }),
  "B07 no aud": () => ({ payload: { aud: undefined } }),
  "B07 aud a list with ours": () => ({ payload: { aud: ["livekit", "sendsar-client"] } }),
  "B07 aud a list of ours alone": () => ({ payload: { aud: ["sendsar-client"] } }),
});

const tenants = forgeries({
  "B08 tid of the other tenant": ({ other }) => ({ payload: { tid: other.tenantId } }),
  "B08 tid and kid of the other tenant, signed with the own key": ({ other }) => ({
    header: { kid: `${other.tenantId}.${other.keyId}` },
    payload: { tid: other.tenantId },
  }),
  "B08 no tid": () => ({ payload: { tid: undefined } }),
  "B08 tid a list": ({ own }) => ({ payload: { tid: [own.tenantId] } }),
  "B08 tid in capitals": ({ own }) => ({ payload: { tid: own.tenantId.toUpperCase() } }),
  "B08 tid with a blank": ({ own }) => ({ payload: { tid: `${own.tenantId} ` } }),
});

const purposes = forgeries({
  "B09 typ of an upload's token": () => ({ payload: { typ: "upload" } }),
  "B09 typ of a webhook": () => ({ payload: { typ: "webhook" } }),
  "B09 typ of the operator": () => ({ payload: { typ: "operator" } }),
  "B09 no typ": () => ({ payload: { typ: undefined } }),
  "B09 typ a list": () => ({ payload: { typ: ["session"] } }),
  "B09 claims of a LiveKit token": ({ now, userId }) => ({
    payloadText: JSON.stringify({ iss: "APIkey", sub: userId, nbf: now, exp: now + 3600, video: { room: "r" } }),
  }),
});

const subjects = forgeries({
  "B10 no sub": () => ({ payload: { sub: undefined } }),
  "B10 sub empty": () => ({ payload: { sub: "" } }),
  "B10 sub null": () => ({ payload: { sub: null } }),
  "B10 sub a list": ({ userId }) => ({ payload: { sub: [userId] } }),
  "B10 sub an object": ({ userId }) => ({ payload: { sub: { userId } } }),
  "B10 sub a number": () => ({ payload: { sub: 1 } }),
  "B10 sub true": () => ({ payload: { sub: true } }),
  "B10 sub a character longer than a user id": () => ({ payload: { sub: "x".repeat(limits.userIdCharsMax + 1) } }),
  "B10 sub of 100 KB": () => ({ payload: { sub: "x".repeat(102_400) } }),
  "B10 sub with a NUL": ({ userId }) => ({ payload: { sub: `${userId}\u0000` } }),
  "B10 sub with half a surrogate pair": ({ userId }) => ({ payload: { sub: `${userId}\ud800` } }),
  "B10 sub in __proto__": ({ now, userId }) => ({
    payloadText: textWith(now, `"exp":${now + 60},"__proto__":{"sub":"${userId}"}`).replace('"sub":"ann",', ""),
  }),
  "B10 no jti": () => ({ payload: { jti: undefined } }),
});
