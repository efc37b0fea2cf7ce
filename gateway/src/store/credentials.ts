import type { Db, Query, Statement } from "./db.ts";
import { insertRevocation } from "./revocations.ts";
import { lockTenant } from "./tenant-lock.ts";

/** Whose an API key is, and until when it works. */
export interface ApiKeyOwner {
  readonly tenantId: string;
  /** ISO time after which the key is refused; absent while it has no successor. */
  readonly expiresAt?: string;
}

/** Finds the tenant whose API key has this SHA-256. */
export const findApiKeyOwner = async (db: Db, keyHash: Buffer): Promise<ApiKeyOwner | undefined> => {
  const row = await db.findKeyOwner<{ tenant_id: string; expires_at: string | null }>(selectKeyOwner, keyHash);
  if (!row) return undefined;
  return { tenantId: row.tenant_id, ...(row.expires_at !== null && { expiresAt: row.expires_at }) };
};

const selectKeyOwner: Statement = {
  name: "select-key-owner",
  text: "select tenant_id, expires_at from api_keys where key_hash = $1",
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

/** Secrets of a kind that are in force, newest first. */
export const listSecrets = async (db: Db, tenantId: string, kind: SecretKind): Promise<SealedSecret[]> => {
  const rows = await db.query<{ secret_id: string; sealed: Buffer; master_key_id: string }>(tenantId, selectSecrets, [
    tenantId,
    kind,
  ]);
  return rows.map((row) => ({ secretId: row.secret_id, sealed: row.sealed, masterKeyId: row.master_key_id }));
};

const selectSecrets: Statement = {
  name: "select-secrets",
  text: `
    select secret_id, sealed, master_key_id from tenant_secrets
    where tenant_id = $1 and kind = $2 and (expires_at is null or expires_at > now())
    order by created_at desc, secret_id`,
};

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
