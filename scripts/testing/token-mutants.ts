import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { limits } from "@sendsar/protocol/limits";
import type { Forger, Forgery } from "./forge-token.ts";
import { base64url, forgeToken, goodHeader, goodPayload } from "./forge-token.ts";

/** A token with one thing wrong. The name starts with the id of its threat. */
export type TokenMutants = Readonly<Record<string, (forger: Forger) => string>>;

/** B01-B11: tokens that must all be refused, made by hand. Those about the claims are in `claim-mutants.ts`. */
export const headerMutants = (): TokenMutants => ({
  ...algorithms(),
  ...wrongKeys(),
  ...spellings(),
  ...keyIds(),
  ...extraMembers(),
  ...shapes(),
});

/** Named forgeries whose only difference from a good token is the one given. */
export const forgeries = (named: Readonly<Record<string, (forger: Forger) => Forgery>>): TokenMutants =>
  Object.fromEntries(
    Object.entries(named).map(([name, make]) => [name, (forger: Forger) => forgeToken(forger, make(forger))]),
  );

const algorithms = (): TokenMutants => ({
  ...forgeries({
    "B01 alg none, no signature": () => ({ header: { alg: "none" }, signature: "" }),
    "B01 alg None, no signature": () => ({ header: { alg: "None" }, signature: "" }),
    "B01 alg nOnE, no signature": () => ({ header: { alg: "nOnE" }, signature: "" }),
    "B01 alg NONE, any signature": () => ({ header: { alg: "NONE" }, signature: "AA" }),
    "B01 alg none, the right signature": () => ({ header: { alg: "none" } }),
    "B01 alg HS256, no signature": () => ({ signature: "" }),
    "B01 no alg": () => ({ header: { alg: undefined } }),
    "B01 alg null": () => ({ header: { alg: null } }),
    "B01 alg empty": () => ({ header: { alg: "" } }),
    "B01 alg hs256": () => ({ header: { alg: "hs256" } }),
    "B01 alg a list": () => ({ header: { alg: ["HS256"] } }),
    "B01 alg HS384, signed so with the right key": () => ({ header: { alg: "HS384" }, hash: "sha384" }),
    "B01 alg HS512, signed so with the right key": () => ({ header: { alg: "HS512" }, hash: "sha512" }),
    "B01 alg HS256, signed with SHA-512": () => ({ hash: "sha512" }),
  }),
  "B01 alg none, two parts": (f) => `${base64url(JSON.stringify({ ...goodHeader(f), alg: "none" }))}.${payloadOf(f)}`,
});

const wrongKeys = (): TokenMutants => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const jwk = JSON.stringify(rsa.publicKey.export({ format: "jwk" }));
  const rs256 = (forger: Forger): string => {
    const signed = forgeToken(forger, { header: { alg: "RS256" }, signature: "" }).slice(0, -1);
    return `${signed}.${sign("sha256", Buffer.from(signed), rsa.privateKey).toString("base64url")}`;
  };
  const es256 = (forger: Forger): string => {
    const signed = forgeToken(forger, { header: { alg: "ES256" }, signature: "" }).slice(0, -1);
    const key = { key: ec.privateKey, dsaEncoding: "ieee-p1363" } as const;
    return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
  };
  return {
    ...forgeries({
      "B02 HS256 keyed with a public key's PEM": () => ({ key: pem }),
      "B02 HS256 keyed with a public key's PEM, a blank before it": () => ({ key: ` ${pem}` }),
      "B02 HS256 keyed with a public key's JWK text": () => ({ key: jwk }),
      // The same as keyed with zero bytes: HMAC fills a key up with them.
      "B02 HS256 keyed with nothing": () => ({ key: "" }),
      "B02 HS256 keyed with the key id": ({ own }) => ({ key: own.keyId }),
      "B02 HS256 keyed with the tenant id": ({ own }) => ({ key: own.tenantId }),
      "B02 HS256 keyed with the right key's base64": ({ own }) => ({ key: own.raw.toString("base64") }),
      "B02 HS256 keyed with the right key's hash": ({ own }) => ({
        key: createHash("sha256").update(own.raw).digest(),
      }),
      "B02 HS256 keyed with the other tenant's key": ({ other }) => ({ key: other.raw }),
    }),
    "B02 RS256, signed with a key of our own": rs256,
    "B02 ES256, signed with a key of our own": es256,
  };
};

const spellings = (): TokenMutants => {
  const respelled = (change: (parts: readonly [string, string, string]) => string) => (forger: Forger) =>
    change(forgeToken(forger).split(".") as [string, string, string]);
  return {
    "B03 one bit of the header changed": respelled(([h, p, s]) => `${flipBit(h, 9)}.${p}.${s}`),
    "B03 one bit of the payload changed": respelled(([h, p, s]) => `${h}.${flipBit(p, 9)}.${s}`),
    "B03 one bit of the signature changed": respelled(([h, p, s]) => `${h}.${p}.${flipBit(s, 9)}`),
    "B03 the signature a character short": respelled(([h, p, s]) => `${h}.${p}.${s.slice(0, -1)}`),
    "B03 half of the signature": respelled(([h, p, s]) => `${h}.${p}.${s.slice(0, s.length / 2)}`),
    "B03 the signature twice": respelled(([h, p, s]) => `${h}.${p}.${s}${s}`),
    "B03 an unused bit of the signature set": respelled(([h, p, s]) => `${h}.${p}.${setUnusedBit(s)}`),
    "B03 padding after the header": respelled(([h, p, s]) => `${h}=.${p}.${s}`),
    "B03 padding after the payload": respelled(([h, p, s]) => `${h}.${p}==.${s}`),
    "B03 padding after the signature": respelled(([h, p, s]) => `${h}.${p}.${s}=`),
    "B03 the signature in hex": respelled(([h, p, s]) => `${h}.${p}.${Buffer.from(s, "base64url").toString("hex")}`),
    "B03 a blank in the payload": respelled(([h, p, s]) => `${h}.${p.slice(0, 8)} ${p.slice(8)}.${s}`),
    "B03 a line end after the token": respelled(([h, p, s]) => `${h}.${p}.${s}\n`),
    "B03 a NUL after the token": respelled(([h, p, s]) => `${h}.${p}.${s}\u0000`),
    "B03 a percent-encoded dot": respelled(([h, p, s]) => `${h}%2e${p}.${s}`),
    "B03 a dot before the token": respelled(([h, p, s]) => `.${h}.${p}.${s}`),
    "B03 a fourth part": respelled(([h, p, s]) => `${h}.${p}.${s}.${s}`),
    "B03 header and payload changed places": respelled(([h, p, s]) => `${p}.${h}.${s}`),
    "B03 the signature of another token": (f) =>
      `${forgeToken(f, { payload: { jti: "x" }, signature: "" })}${forgeToken(f).split(".")[2]}`,
  };
};

const keyIds = (): TokenMutants =>
  forgeries({
    "B04 kid a path": () => ({ header: { kid: "../../../../dev/null" }, key: "" }),
    "B04 kid a path below the tenant": ({ own }) => ({ header: { kid: `${own.tenantId}.../../../dev/null` }, key: "" }),
    "B04 kid SQL": ({ own }) => ({ header: { kid: `${own.tenantId}' or '1'='1` } }),
    "B04 kid SQL as the tenant": ({ own }) => ({ header: { kid: `a' or true --.${own.keyId}` } }),
    "B04 kid of the other tenant, signed with the own key": ({ other }) => ({
      header: { kid: `${other.tenantId}.${other.keyId}` },
    }),
    "B04 the other tenant with the own key id": ({ own, other }) => ({
      header: { kid: `${other.tenantId}.${own.keyId}` },
    }),
    "B04 the own tenant with the other's key id and key": ({ own, other }) => ({
      header: { kid: `${own.tenantId}.${other.keyId}` },
      key: other.raw,
    }),
    "B04 a key id that nobody has": ({ own }) => ({ header: { kid: `${own.tenantId}.${randomUUID()}` } }),
    "B04 a tenant that is not there": ({ own }) => ({ header: { kid: `nobody.${own.keyId}` } }),
    "B04 kid of 10 KB": ({ own }) => ({ header: { kid: `${own.tenantId}.${"0".repeat(10_240)}` } }),
    "B04 kid of 5 KB, below the limit of tokens": ({ own }) => ({
      header: { kid: `${own.tenantId}.${"0".repeat(5000)}` },
    }),
    "B04 kid a list": ({ own }) => ({ header: { kid: [`${own.tenantId}.${own.keyId}`] } }),
    "B04 kid an object": () => ({ header: { kid: { toString: "a" } } }),
    "B04 kid a number": () => ({ header: { kid: 1 } }),
    "B04 no kid": () => ({ header: { kid: undefined } }),
    "B04 kid empty": () => ({ header: { kid: "" } }),
    "B04 kid without the tenant": ({ own }) => ({ header: { kid: own.keyId } }),
    "B04 kid in capitals": ({ own }) => ({ header: { kid: `${own.tenantId}.${own.keyId.toUpperCase()}` } }),
    "B04 kid with a line end": ({ own }) => ({ header: { kid: `${own.tenantId}.${own.keyId}\n` } }),
    "B04 kid __proto__": ({ own }) => ({ header: { kid: `__proto__.${own.keyId}` } }),
  });

const extraMembers = (): TokenMutants =>
  forgeries({
    "B05 jku": ({ sinkUrl }) => ({ header: { jku: sinkUrl } }),
    "B05 x5u": ({ sinkUrl }) => ({ header: { x5u: sinkUrl } }),
    "B05 jku, alg RS256": ({ sinkUrl }) => ({ header: { alg: "RS256", jku: sinkUrl } }),
    "B05 jwk": ({ own }) => ({ header: { jwk: { kty: "oct", k: own.raw.toString("base64url") } } }),
    "B05 jwk, signed with it": () => ({ header: { jwk: { kty: "oct", k: base64url("mine") } }, key: "mine" }),
    "B05 x5c": () => ({ header: { x5c: ["MIIB"] } }),
    "B05 crit": () => ({ header: { crit: ["exp"] } }),
    "B05 b64 false": () => ({ header: { b64: false, crit: ["b64"] } }),
    "B05 zip": () => ({ header: { zip: "DEF" } }),
    "B05 a member that nobody knows": () => ({ header: { x: 1 } }),
    "B09 header typ missing": () => ({ header: { typ: undefined } }),
    "B09 header typ of an access token": () => ({ header: { typ: "at+jwt" } }),
    "B09 header typ in small letters": () => ({ header: { typ: "jwt" } }),
    "B09 header typ a list": () => ({ header: { typ: ["JWT"] } }),
  });

const shapes = (): TokenMutants => ({
  ...forgeries({
    "B11 1 MB of claims": () => ({ payload: { x: "x".repeat(1_000_000) } }),
    "B11 header 100,000 levels deep": () => ({ headerText: "[".repeat(100_000) + "]".repeat(100_000) }),
    "B11 header as deep as the limit of tokens lets it": () => ({ headerText: "[".repeat(2500) + "]".repeat(2500) }),
    "B11 payload as deep as the limit of tokens lets it": () => ({ payloadText: "[".repeat(2500) + "]".repeat(2500) }),
    "B11 header no JSON": () => ({ headerText: "HS256" }),
    "B11 header a list": () => ({ headerText: "[]" }),
    "B11 header null": () => ({ headerText: "null" }),
    "B11 header no UTF-8": () => ({ headerText: "\ud800" }),
    "B11 payload no JSON": () => ({ payloadText: "session" }),
    "B11 payload a list": () => ({ payloadText: "[]" }),
    "B11 payload null": () => ({ payloadText: "null" }),
    "B11 payload empty": () => ({ payloadText: "" }),
  }),
  "B11 a character longer than the limit": (f) => {
    const spare = limits.tokenCharsMax - forgeToken(f, { payload: { x: "" } }).length;
    return forgeToken(f, { payload: { x: "x".repeat(Math.ceil((spare / 4) * 3) + 4) } });
  },
  "B11 JWE with compression": (f) => {
    const header = { alg: "dir", enc: "A256GCM", zip: "DEF", kid: goodHeader(f)["kid"] };
    const text = deflateRawSync(Buffer.alloc(1_000_000)).toString("base64url");
    return [base64url(JSON.stringify(header)), "", base64url("nonce nonce "), text, base64url("a tag of 16 byte")].join(
      ".",
    );
  },
  "B11 an empty text in three parts": () => "..",
  "B11 a text that is no token": () => "session",
});

const payloadOf = (forger: Forger): string => base64url(JSON.stringify(goodPayload(forger)));

const flipBit = (part: string, index: number): string => {
  const bytes = Buffer.from(part, "base64url");
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  return bytes.toString("base64url");
};

/** The last character of 32 bytes in base64url carries 4 bits and 2 that no decoder looks at. */
const setUnusedBit = (signature: string): string => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return `${signature.slice(0, -1)}${alphabet[alphabet.indexOf(signature.slice(-1)) | 1]}`;
};
