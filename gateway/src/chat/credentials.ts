import { LRUCache } from "lru-cache";
import { hashApiKey, isApiKey } from "../auth/api-key.ts";
import type { KeyRing } from "../auth/key-ring.ts";
import { secretBelongsTo } from "../auth/seal.ts";
import type { Session, SessionKey } from "../auth/session-token.ts";
import { findNamedTenant, importSessionKey } from "../auth/session-token.ts";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import type { ApiKeyOwner, SealedSecret } from "../store/credentials.ts";
import { findApiKeyOwner, listSecrets } from "../store/credentials.ts";
import type { Db } from "../store/db.ts";
import { findSessionState } from "../store/sessions.ts";
import type { SharedReads } from "../store/shared-reads.ts";
import { findTenantStatus } from "../store/tenants.ts";
import type { Actor } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import { createMemory } from "./memory.ts";

/** A user, and the session token that it came with. */
export type SessionActor = Extract<Actor, { kind: "user" }> & Pick<Session, "issuedAtMs" | "expiresAt">;

/**
 * Turns credentials into actors. What the database says of a credential is remembered for `cacheMs`, so a revoked key,
 * a suspended tenant or a deactivated user is refused everywhere at most that much later, without a query per call; and
 * at once where it is forgotten.
 */
export interface Credentials {
  /** Throws `unauthorized`, or `tenant_suspended`. */
  requireBackend(apiKey: string): Promise<Actor>;
  /** Throws `unauthorized`, `tenant_suspended` or `user_deactivated`. */
  requireSession(token: string): Promise<SessionActor>;
  /** The session that a token says, when it was signed here and is not over. Throws `unauthorized`. */
  verifyToken(token: string): Promise<Session>;
  /** Throws the same as `requireSession` for a session whose token was verified, if it is not in force (any more). */
  confirmSession(session: Omit<Session, "expiresAt">): Promise<void>;
  /**
   * True for an API key that was good here before, and for a token of a tenant whose keys have been here: worth a question
   * to the database, if it takes one at all.
   */
  knows(credential: string): boolean;
  /** The key that signs a tenant's new tokens. */
  requireSigningKey(tenantId: string): Promise<SessionKey>;
  /** Forget what is remembered of a tenant, or of one of its users: something was revoked. */
  forget(tenantId: string, userId?: string): void;
}

export interface CredentialsOptions {
  readonly db: Db;
  /** For what is asked of every user who comes. */
  readonly sharedReads: SharedReads;
  readonly keys: KeyRing;
  /** The one tenant that is served; undefined when all are. Credentials of another one are unknown. */
  readonly onlyTenantId: string | undefined;
  readonly now: () => Date;
}

// What is revoked is promised to be refused everywhere within 5 s: the rest is for asking the database.
const cacheMs = 4000;
const cachedMax = 100_000;
/** Signing keys; a tenant has one, and two for a while when it is replaced. */
const importedMax = 10_000;

export const createCredentials = ({ db, sharedReads, keys, onlyTenantId, now }: CredentialsOptions): Credentials => {
  const isServed = (tenantId: string): boolean => onlyTenantId === undefined || tenantId === onlyTenantId;
  // Unknown is remembered as well: a wrong key tried again and again costs no query either.
  const keyOwners = remember(async (hash) => {
    const owner = await findApiKeyOwner(db, Buffer.from(hash, "hex"));
    return owner && isServed(owner.tenantId) ? owner : unknown;
  });
  const statuses = remember(async (tenantId) => (await findTenantStatus(db, tenantId)) ?? unknown);
  const importKey = importEachOnce(keys);
  const sessionKeys = remember(async (tenantId) => {
    const sealed = isServed(tenantId) ? await listSecrets(db, tenantId, "session_key") : [];
    return await Promise.all(
      sealed.map(async (secret) => ({ keyId: secret.secretId, key: await importKey(tenantId, secret) })),
    );
  });
  const tokens = createTokenVerifier({
    now,
    findKey: async (tenantId, keyId) => (await sessionKeys.get(tenantId)).find((one) => one.keyId === keyId)?.key,
  });
  const sessionStates = remember((key) => findSessionState(sharedReads, ...fromKey(key)));

  const requireActive = async (tenantId: string): Promise<void> => {
    const status = await statuses.get(tenantId);
    if (status === unknown) throw new ChatError("unauthorized");
    if (status === "suspended") throw new ChatError("tenant_suspended");
  };
  const isOver = ({ worksUntil = Infinity }: ApiKeyOwner): boolean => worksUntil <= performance.now();

  const confirmSession: Credentials["confirmSession"] = async ({ tenantId, userId, issuedAtMs }) => {
    await requireActive(tenantId);
    const key = toKey(tenantId, userId);
    let state = await sessionStates.get(key);
    if ((!state.known || state.deactivated) && issuedAtMs > state.readAtMs) {
      // Minted since for somebody who could not have a token then: what is remembered is history.
      sessionStates.forget(key);
      state = await sessionStates.get(key);
    }
    if (state.deactivated) throw new ChatError("user_deactivated");
    if (!state.known || issuedAtMs < state.validFromMs) throw new ChatError("unauthorized");
  };

  const verifyToken: Credentials["verifyToken"] = async (token) => {
    const session = await tokens.verify(token);
    if (!session) throw new ChatError("unauthorized");
    return session;
  };

  return {
    async requireBackend(apiKey) {
      if (!isApiKey(apiKey)) throw new ChatError("unauthorized");
      const owner = await keyOwners.get(hashApiKey(apiKey).toString("hex"));
      if (owner === unknown || isOver(owner)) throw new ChatError("unauthorized");
      await requireActive(owner.tenantId);
      return { kind: "backend", tenantId: owner.tenantId };
    },
    async requireSession(token) {
      const session = await verifyToken(token);
      await confirmSession(session);
      return { kind: "user", ...session };
    },
    verifyToken,
    confirmSession,
    knows(credential) {
      if (isApiKey(credential)) {
        const owner = keyOwners.last(hashApiKey(credential).toString("hex"));
        return owner !== undefined && owner !== unknown;
      }
      const tenantId = findNamedTenant(credential);
      return tenantId !== undefined && (sessionKeys.last(tenantId)?.length ?? 0) > 0;
    },
    async requireSigningKey(tenantId) {
      const [newest] = await sessionKeys.get(tenantId);
      if (!newest) throw new Error("unable to sign a session; the tenant has no session key");
      return newest;
    },
    forget(tenantId, userId) {
      if (userId !== undefined) {
        sessionStates.forget(toKey(tenantId, userId));
        return;
      }
      statuses.forget(tenantId);
      sessionKeys.forget(tenantId);
      sessionStates.forgetAll((key) => fromKey(key)[0] === tenantId);
    },
  };
};

/** A key that was read again is the same object, so that what was verified with it stays verified. */
const importEachOnce = (keys: KeyRing) => {
  const imported = new LRUCache<string, CryptoKey>({ max: importedMax });
  return async (tenantId: string, secret: SealedSecret): Promise<CryptoKey> => {
    const { secretId, sealed, masterKeyId } = secret;
    const name = JSON.stringify([tenantId, secretId, masterKeyId, sealed.toString("base64")]);
    const before = imported.get(name);
    if (before) return before;
    const key = await importSessionKey(keys.open(secret, secretBelongsTo(tenantId, "session_key", secretId)));
    imported.set(name, key);
    return key;
  };
};

const unknown = Symbol("unknown");

const remember = <V extends NonNullable<unknown>>(load: (key: string) => Promise<V>) =>
  createMemory({ load, ttlMs: cacheMs, keptMax: cachedMax });

// The id of a tenant has no slash.
const toKey = (tenantId: string, userId: string): string => `${tenantId}/${userId}`;

const fromKey = (key: string): [tenantId: string, userId: string] => {
  const end = key.indexOf("/");
  return [key.slice(0, end), key.slice(end + 1)];
};
