import { LRUCache } from "lru-cache";
import { hashApiKey, isApiKey } from "../auth/api-key.ts";
import type { MasterKey } from "../auth/seal.ts";
import type { SessionKey } from "../auth/session-token.ts";
import { importSessionKey, verifySession } from "../auth/session-token.ts";
import { secretBelongsTo } from "../auth/seal.ts";
import type { ApiKeyOwner } from "../store/credentials.ts";
import { findApiKeyOwner, listSecrets } from "../store/credentials.ts";
import type { Db } from "../store/db.ts";
import { findTenant } from "../store/tenants.ts";
import { findUserState } from "../store/users.ts";
import type { Actor } from "./actor.ts";
import { ChatError } from "./chat-error.ts";

/** A user with the end of its session, in seconds since the epoch. */
export type SessionActor = Extract<Actor, { kind: "user" }> & { readonly expiresAt: number };

/**
 * Turns credentials into actors. What the database says of a credential is remembered for `cacheMs`, so a revoked key,
 * a suspended tenant or a deactivated user is refused everywhere at most that much later, without a query per call.
 */
export interface Credentials {
  /** Throws `unauthorized`, or `tenant_suspended`. */
  requireBackend(apiKey: string): Promise<Actor>;
  /** Throws `unauthorized`, `tenant_suspended` or `user_deactivated`. */
  requireSession(token: string): Promise<SessionActor>;
  /** The key that signs a tenant's new tokens. */
  requireSigningKey(tenantId: string): Promise<SessionKey>;
  /** Forget what is remembered of a tenant: something was revoked. */
  forget(tenantId: string): void;
}

export interface CredentialsOptions {
  readonly db: Db;
  readonly masterKey: MasterKey;
  readonly now: () => Date;
}

const cacheMs = 5000;
const cachedMax = 100_000;

export const createCredentials = ({ db, masterKey, now }: CredentialsOptions): Credentials => {
  // Unknown is remembered as well: a wrong key tried again and again costs no query either.
  const keyOwners = remember(async (hash) => (await findApiKeyOwner(db, Buffer.from(hash, "hex"))) ?? unknown);
  const statuses = remember(async (tenantId) => (await findTenant(db, tenantId))?.status ?? unknown);
  const sessionKeys = remember(async (tenantId) => {
    const sealed = await listSecrets(db, tenantId, "session_key");
    return await Promise.all(
      sealed.map(async ({ secretId, sealed }) => ({
        keyId: secretId,
        key: await importSessionKey(masterKey.open(sealed, secretBelongsTo(tenantId, "session_key", secretId))),
      })),
    );
  });
  const userStates = remember(async (key) => {
    const [tenantId, userId] = JSON.parse(key) as [string, string];
    return (await findUserState(db, tenantId, userId)) ?? unknown;
  });

  const requireActive = async (tenantId: string): Promise<void> => {
    const status = await statuses(tenantId);
    if (status === unknown) throw new ChatError("unauthorized");
    if (status === "suspended") throw new ChatError("tenant_suspended");
  };
  const isOver = (owner: ApiKeyOwner): boolean =>
    owner.expiresAt !== undefined && Date.parse(owner.expiresAt) <= now().getTime();

  return {
    async requireBackend(apiKey) {
      if (!isApiKey(apiKey)) throw new ChatError("unauthorized");
      const owner = await keyOwners(hashApiKey(apiKey).toString("hex"));
      if (owner === unknown || isOver(owner)) throw new ChatError("unauthorized");
      await requireActive(owner.tenantId);
      return { kind: "backend", tenantId: owner.tenantId };
    },
    async requireSession(token) {
      const findKey = async (tenantId: string, keyId: string) =>
        (await sessionKeys(tenantId)).find((candidate) => candidate.keyId === keyId)?.key;
      const session = await verifySession(token, findKey, now());
      if (!session) throw new ChatError("unauthorized");
      const { tenantId, userId, expiresAt } = session;
      await requireActive(tenantId);
      const user = await userStates(JSON.stringify([tenantId, userId]));
      if (user === unknown) throw new ChatError("unauthorized");
      if (user.deactivated) throw new ChatError("user_deactivated");
      return { kind: "user", tenantId, userId, expiresAt };
    },
    async requireSigningKey(tenantId) {
      const [newest] = await sessionKeys(tenantId);
      if (!newest) throw new Error("unable to sign a session; the tenant has no session key");
      return newest;
    },
    forget(tenantId) {
      statuses.forget((key) => key === tenantId);
      sessionKeys.forget((key) => key === tenantId);
      userStates.forget((key) => key.startsWith(`[${JSON.stringify(tenantId)},`));
    },
  };
};

const unknown = Symbol("unknown");

interface Memory<V> {
  (key: string): Promise<V>;
  forget(fits: (key: string) => boolean): void;
}

/** Remembers answers for `cacheMs`; calls for the same key at the same time share one query; failures are not kept. */
const remember = <V extends NonNullable<unknown>>(load: (key: string) => Promise<V>): Memory<V> => {
  const cache = new LRUCache<string, V>({ max: cachedMax, ttl: cacheMs, fetchMethod: load });
  return Object.assign((key: string) => cache.forceFetch(key), {
    forget(fits: (key: string) => boolean) {
      for (const key of [...cache.keys()]) if (fits(key)) cache.delete(key);
    },
  });
};
