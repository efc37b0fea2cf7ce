import type { Db, Query, Statement } from "./db.ts";
import { insertRevocation } from "./revocations.ts";
import { lockTenant } from "./tenant-lock.ts";

/** Whose an API key is, and until when it works. */
export interface ApiKeyOwner {
  readonly tenantId: string;
  /** By `performance.now()` of this process; absent while the key has no successor. */
  readonly worksUntil?: number;
}

/**
 * Finds the tenant whose API key has this SHA-256 and is in force. How long it still is, is reckoned by the database: the
 * clocks of gateways may differ.
 */
export const findApiKeyOwner = async (db: Db, keyHash: Buffer): Promise<ApiKeyOwner | undefined> => {
  const askedAt = performance.now();
  const row = await db.findKeyOwner<{ tenant_id: string; ms_left: number | null }>(selectKeyOwner, keyHash);
  if (!row) return undefined;
  return { tenantId: row.tenant_id, ...(row.ms_left !== null && { worksUntil: askedAt + row.ms_left }) };
};

const selectKeyOwner: Statement = {
  name: "select-key-owner",
  text: `
    select tenant_id, extract(epoch from expires_at - now())::float8 * 1000 as ms_left from api_keys
    where key_hash = $1 and (expires_at is null or expires_at > now())`,
};

/** An API key as it lies in the database. */
export interface StoredApiKey {
  readonly keyId: string;
  /** SHA-256 of the key; the key itself is not kept. */
  readonly keyHash: Buffer;
  /** Its last characters. */
  readonly hint: string;
}

/** A statement that stores a key, for use in a batch. */
export const insertApiKey = (tenantId: string, key: StoredApiKey): Query => ({
  statement: insertKey,
  values: [tenantId, key.keyId, key.keyHash, key.hint],
});

const insertKey: Statement = {
  name: "insert-api-key",
  text: "insert into api_keys (tenant_id, key_id, key_hash, hint) values ($1, $2, $3, $4)",
};

/**
 * Puts a new key in force; all others of the tenant work until `overlapSeconds` from now. Two at once follow one
 * another, so that the second also ends the key of the first.
 */
export const replaceApiKey = async (
  db: Db,
  tenantId: string,
  key: StoredApiKey,
  overlapSeconds: number,
): Promise<void> => {
  await db.batch(tenantId, [
    { statement: lockTenant, values: [tenantId] },
    { statement: expireKeys, values: [tenantId, overlapSeconds] },
    insertApiKey(tenantId, key),
  ]);
};

const expireKeys: Statement = {
  name: "expire-api-keys",
  text: `
    update api_keys set expires_at = least(expires_at, now() + make_interval(secs => $2))
    where tenant_id = $1`,
};

export type SecretKind = "session_key" | "webhook_secret";

/** A secret as it lies in the database: sealed, bound to its tenant, kind and id. */
export interface SealedSecret {
  readonly secretId: string;
  readonly sealed: Buffer;
  readonly masterKeyId: string;
}

/**
 * Secrets of a kind that are in force, the one to sign with first: the newest of those without an end. One that is so young
 * that not every gateway knows it yet comes after those that are known, unless they are about to end.
 */
export const listSecrets = async (db: Db, tenantId: string, kind: SecretKind): Promise<SealedSecret[]> => {
  const rows = await db.query<{ secret_id: string; sealed: Buffer; master_key_id: string }>(tenantId, selectSecrets, [
    tenantId,
    kind,
    secretLearnSeconds,
  ]);
  return rows.map((row) => ({ secretId: row.secret_id, sealed: row.sealed, masterKeyId: row.master_key_id }));
};

const selectSecrets: Statement = {
  name: "select-secrets",
  text: `
    select secret_id, sealed, master_key_id from tenant_secrets
    where tenant_id = $1 and kind = $2 and (expires_at is null or expires_at > now())
    order by
      case
        when created_at > now() - make_interval(secs => $3) then 1
        when expires_at < now() + make_interval(secs => $3) then 2
        else 0
      end,
      expires_at desc nulls first, created_at desc, secret_id`,
};

/** Seconds after which every gateway knows a secret: longer than any of them remembers the list before it asks again. */
const secretLearnSeconds = 5;

/** A statement that stores a sealed secret, for use in a batch. */
export const insertSecret = (tenantId: string, kind: SecretKind, secret: SealedSecret): Query => ({
  statement: insertSecretRow,
  values: [tenantId, kind, secret.secretId, secret.sealed, secret.masterKeyId],
});

const insertSecretRow: Statement = {
  name: "insert-secret",
  text: `
    insert into tenant_secrets (tenant_id, kind, secret_id, sealed, master_key_id)
    values ($1, $2, $3, $4, $5)`,
};

/** Puts a new secret of a kind in force; others of that kind are accepted until `overlapSeconds` from now. */
export const replaceSecret = async (
  db: Db,
  tenantId: string,
  kind: SecretKind,
  secret: SealedSecret,
  overlapSeconds: number,
): Promise<void> => {
  await db.batch(tenantId, [
    { statement: expireSecrets, values: [tenantId, kind, overlapSeconds] },
    insertSecret(tenantId, kind, secret),
    ...(kind === "session_key" && overlapSeconds === 0 ? [insertRevocation(tenantId, "sessions_revoked")] : []),
  ]);
};

const expireSecrets: Statement = {
  name: "expire-secrets",
  text: `
    update tenant_secrets set expires_at = least(expires_at, now() + make_interval(secs => $3))
    where tenant_id = $1 and kind = $2`,
};
