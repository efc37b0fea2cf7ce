import type { SealedSecret, SecretKind, StoredApiKey } from "./credentials.ts";
import type { Db, Query, Statement } from "./db.ts";
import { revoking } from "./revocations.ts";
import { lockTenant } from "./tenant-lock.ts";

/*
 * Credentials that whoever stores them has named: each change may be repeated, and finds what it did before. All of a
 * tenant follow one another (lockTenant). Times are the database's.
 */

/** Where credentials of a kind are, and what tells them apart. Texts of statements, never from outside. */
export interface CredentialRows {
  readonly label: string;
  readonly table: "api_keys" | "tenant_secrets";
  readonly id: "key_id" | "secret_id";
  readonly kind?: SecretKind;
}

const of = ({ kind }: CredentialRows): string => (kind ? `tenant_id = $1 and kind = '${kind}'` : "tenant_id = $1");
const live = "(expires_at is null or expires_at > now())";

/** Stores a key under its id unless that id or that key is there, or as many are in force as may be. Answers if it did. */
export const addKey = async (db: Db, tenantId: string, key: StoredApiKey, liveMax: number): Promise<boolean> => {
  const values = [tenantId, key.keyId, key.keyHash, key.hint, liveMax];
  const [, rows] = await db.batch(tenantId, [
    { statement: lockTenant, values: [tenantId] },
    { statement: insertKey, values },
  ]);
  return rows?.length === 1;
};

// clock_timestamp, because who waited for the lock began before the one that it waited for.
const insertKey: Statement = {
  name: "add-api-key",
  text: `
    insert into api_keys (tenant_id, key_id, key_hash, hint, created_at)
    select $1, $2, $3, $4, clock_timestamp()
    where (select count(*) from api_keys where tenant_id = $1 and ${live}) < $5
    on conflict do nothing
    returning key_id`,
};

/** Stores a sealed secret in the same way. */
export const addSecret = async (
  db: Db,
  tenantId: string,
  kind: SecretKind,
  secret: SealedSecret,
  liveMax: number,
): Promise<boolean> => {
  const values = [tenantId, kind, secret.secretId, secret.sealed, secret.masterKeyId, liveMax];
  const [, rows] = await db.batch(tenantId, [
    { statement: lockTenant, values: [tenantId] },
    { statement: insertSecret, values },
  ]);
  return rows?.length === 1;
};

const insertSecret: Statement = {
  name: "add-secret",
  text: `
    insert into tenant_secrets (tenant_id, kind, secret_id, sealed, master_key_id, created_at)
    select $1, $2, $3, $4, $5, clock_timestamp()
    where (select count(*) from tenant_secrets where tenant_id = $1 and kind = $2 and ${live}) < $6
    on conflict do nothing
    returning secret_id`,
};

/** The hash of the key that has this id. */
export const findKeyHash = async (db: Db, tenantId: string, keyId: string): Promise<Buffer | undefined> => {
  const [row] = await db.query<{ key_hash: Buffer }>(tenantId, selectKeyHash, [tenantId, keyId]);
  return row?.key_hash;
};

const selectKeyHash: Statement = {
  name: "select-key-hash",
  text: "select key_hash from api_keys where tenant_id = $1 and key_id = $2",
};

/** The sealed secret that has this id. */
export const findSecret = async (
  db: Db,
  tenantId: string,
  kind: SecretKind,
  secretId: string,
): Promise<SealedSecret | undefined> => {
  const [row] = await db.query<{ sealed: Buffer; master_key_id: string }>(tenantId, selectSecret, [
    tenantId,
    kind,
    secretId,
  ]);
  return row && { secretId, sealed: row.sealed, masterKeyId: row.master_key_id };
};

const selectSecret: Statement = {
  name: "select-secret",
  text: "select sealed, master_key_id from tenant_secrets where tenant_id = $1 and kind = $2 and secret_id = $3",
};

/**
 * A statement that ends the others `overlapSeconds` from now, those that end sooner as they do, if the one with `keepId` has
 * no end itself. With 0 the sessions that other session keys signed are cut.
 */
export const expireOthersOf = (
  rows: CredentialRows,
  tenantId: string,
  keepId: string,
  overlapSeconds: number,
): Query => {
  const cuts = rows.kind === "session_key" && overlapSeconds === 0;
  const text = `
      with moved as (
        update ${rows.table} set expires_at = now() + make_interval(secs => $3)
        where ${of(rows)} and ${rows.id} <> $2
          and (expires_at is null or expires_at > now() + make_interval(secs => $3))
          and exists (select from ${rows.table} where ${of(rows)} and ${rows.id} = $2 and expires_at is null)
        returning ${rows.id} as id
      )${cuts ? cutting : ""}
      select id from moved`;
  const name = `expire-other-${rows.label}${cuts ? "-at-once" : ""}`;
  return { statement: { name, text }, values: [tenantId, keepId, overlapSeconds] };
};

const cutting = `,
      cut as (select null::text as user_id, null::timestamptz as sessions_valid_from from moved limit 1),
      ${revoking("cut", "sessions_revoked")}`;

/** A statement that ends all credentials of a kind now. */
export const expireAllOf = (rows: CredentialRows, tenantId: string): Query => ({
  statement: {
    name: `expire-all-${rows.label}`,
    text: `update ${rows.table} set expires_at = now() where ${of(rows)} and ${live}`,
  },
  values: [tenantId],
});

/** Statements that remove the rows of credentials that are over. */
export const removeOverOf = (tenantId: string): Query[] =>
  (["api_keys", "tenant_secrets"] as const).map((table) => ({
    statement: {
      name: `remove-over-${table}`,
      text: `delete from ${table} where tenant_id = $1 and expires_at <= now()`,
    },
    values: [tenantId],
  }));
