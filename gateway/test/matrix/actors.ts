import type { ErrorCode } from "@sendsar/protocol/errors";
import { createTestClient } from "../../../scripts/testing/client.ts";
import { forgeToken, readForgerKey } from "../../../scripts/testing/forge-token.ts";
import type { TestGateway } from "../../../scripts/testing/gateway.ts";
import { mintToken } from "../../../scripts/testing/seed-room.ts";
import type { Caller } from "./expectations.ts";
import { callers } from "./expectations.ts";

/** Actors whose credentials are not, or no longer, good: the whole platform answers each with one refusal. */
export const refusals = {
  none: "unauthorized",
  badKey: "unauthorized",
  revokedKeyA: "unauthorized",
  a5: "user_deactivated",
  expired: "unauthorized",
  algNone: "unauthorized",
  tampered: "unauthorized",
  wrongAudience: "unauthorized",
} as const satisfies Readonly<Record<string, ErrorCode>>;

export type RefusedActor = keyof typeof refusals;
export type ActorName = Caller | RefusedActor;

/** Somebody who calls. */
export interface MatrixActor {
  readonly name: ActorName;
  readonly tenantId: "a" | "b";
  /** In whose name it acts. */
  readonly userId: string;
  /** The only header by which actors differ. */
  readonly credential: Readonly<Record<string, string>>;
  /** What it would open a socket with. */
  readonly socketToken: string | undefined;
}

/** Words that only the room RA has, and that only tenant A has: whoever is shown them has seen it. */
export const canary = { room: "canary-of-ra", tenant: "canary-of-a" } as const;

/** The users of both tenants: their ids are the same. */
export const userIds = ["a1", "a2", "a3", "a4", "a5"] as const;

/** Makes the users, in both tenants, and everybody's credentials. Rotates a's key: the one that it had is `revokedKeyA`. */
export const createActors = async (gateway: TestGateway): Promise<ReadonlyMap<ActorName, MatrixActor>> => {
  const { a, b, provisioner, url } = gateway;
  const { apiKey: keyOfA } = await provisioner.rotateKey(a.tenantId);
  const api = createTestClient(url, { "x-api-key": keyOfA });
  for (const one of [api, b.api]) {
    for (const id of userIds)
      await one.post("/users", { id, username: `User ${id} ${one === api ? canary.tenant : ""}` });
  }
  const tokens = new Map<string, string>();
  for (const id of userIds) tokens.set(id, await mintToken(api, id));
  const tokenOf = (id: string): string => tokens.get(id) as string;
  await api.post("/users/a5/deactivate");
  const forged = await forgeOf(gateway);
  const session = (token: string) => ({ credential: { authorization: `Bearer ${token}` }, socketToken: token });
  const key = (apiKey: string) => ({ credential: { "x-api-key": apiKey }, socketToken: apiKey });
  const inA = { tenantId: "a", userId: "a1" } as const;
  const actors: MatrixActor[] = [
    { name: "keyA", ...inA, ...key(keyOfA) },
    { name: "keyB", tenantId: "b", userId: "a1", ...key(b.apiKey) },
    ...(["a1", "a2", "a3", "a4", "a5"] as const).map(
      (name) => ({ name, tenantId: "a", userId: name, ...session(tokenOf(name)) }) as const,
    ),
    { name: "b1", tenantId: "b", userId: "a1", ...session(await mintToken(b.api, "a1")) },
    { name: "none", ...inA, credential: {}, socketToken: undefined },
    { name: "badKey", ...inA, ...key(`sk_live_${"0".repeat(48)}`) },
    { name: "revokedKeyA", ...inA, ...key(a.apiKey) },
    { name: "expired", ...inA, ...session(forged.expired) },
    { name: "algNone", ...inA, ...session(forged.algNone) },
    { name: "tampered", ...inA, ...session(withSubject(tokenOf("a2"), "a1")) },
    { name: "wrongAudience", ...inA, ...session(forged.wrongAudience) },
  ];
  return new Map(actors.map((actor) => [actor.name, actor]));
};

/** Every actor there is: whoever may call something, and whoever may not. */
export const actorNames: readonly ActorName[] = [...callers, ...(Object.keys(refusals) as RefusedActor[])];

const forgeOf = async ({ database, masterKey }: TestGateway) => {
  const own = await readForgerKey(database.adminUrl, masterKey, "a");
  const now = Math.floor(Date.now() / 1000);
  const forger = { own, other: own, userId: "a1", now, sinkUrl: "http://127.0.0.1:1" };
  return {
    expired: forgeToken(forger, { payload: { iat: now - 7200, exp: now - 3600 } }),
    algNone: forgeToken(forger, { header: { alg: "none" }, signature: "" }),
    wrongAudience: forgeToken(forger, { payload: { aud: "somebody-else" } }),
  };
};

/** The token with another user in it, under the signature of the first. */
const withSubject = (token: string, sub: string): string => {
  const [header, payload = "", signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  return [header, Buffer.from(JSON.stringify({ ...claims, sub })).toString("base64url"), signature].join(".");
};
