import type { Db, Statement } from "./db.ts";

/** A sealed secret of a tenant, wherever it lies. */
export type SealedSecretRow =
  | { readonly table: "tenant_secrets"; readonly kind: string; readonly secretId: string; readonly sealed: SealedBytes }
  | {
      readonly table: "app_secrets";
      readonly appCode: string;
      readonly provider: string;
      readonly sealed: SealedBytes;
    };

interface SealedBytes {
  readonly sealed: Buffer;
  readonly masterKeyId: string;
}

/** All sealed secrets of a tenant. */
export const listSealedRows = async (db: Db, tenantId: string): Promise<SealedSecretRow[]> => {
  const own = await db.query<SecretRow>(tenantId, selectSecrets, [tenantId]);
  const ofApps = await db.query<AppSecretRow>(tenantId, selectAppSecrets, [tenantId]);
  return [
    ...own.map((row) => ({
      table: "tenant_secrets" as const,
      kind: row.kind,
      secretId: row.secret_id,
      sealed: toBytes(row),
    })),
    ...ofApps.map((row) => ({
      table: "app_secrets" as const,
      appCode: row.app_code,
      provider: row.provider,
      sealed: toBytes(row),
    })),
  ];
};

/** Puts another sealing in the place of this one. Leaves alone a row that somebody changed meanwhile. */
export const replaceSealedRow = async (
  db: Db,
  tenantId: string,
  row: SealedSecretRow,
  { sealed, masterKeyId }: SealedBytes,
): Promise<void> => {
  const change = [row.sealed.sealed, sealed, masterKeyId];
  const query =
    row.table === "tenant_secrets"
      ? { statement: updateSecret, values: [tenantId, row.kind, row.secretId, ...change] }
      : { statement: updateAppSecret, values: [tenantId, row.appCode, row.provider, ...change] };
  await db.batch(tenantId, [query]);
};

interface SecretRow {
  readonly kind: string;
  readonly secret_id: string;
  readonly sealed: Buffer;
  readonly master_key_id: string;
}

interface AppSecretRow {
  readonly app_code: string;
  readonly provider: string;
  readonly sealed: Buffer;
  readonly master_key_id: string;
}

const toBytes = (row: { readonly sealed: Buffer; readonly master_key_id: string }): SealedBytes => ({
  sealed: row.sealed,
  masterKeyId: row.master_key_id,
});

const selectSecrets: Statement = {
  name: "select-sealed-secrets",
  text: "select kind, secret_id, sealed, master_key_id from tenant_secrets where tenant_id = $1",
};

const selectAppSecrets: Statement = {
  name: "select-sealed-app-secrets",
  text: "select app_code, provider, sealed, master_key_id from app_secrets where tenant_id = $1",
};

const updateSecret: Statement = {
  name: "reseal-secret",
  text: `
    update tenant_secrets set sealed = $5, master_key_id = $6
    where tenant_id = $1 and kind = $2 and secret_id = $3 and sealed = $4`,
};

const updateAppSecret: Statement = {
  name: "reseal-app-secret",
  text: `
    update app_secrets set sealed = $5, master_key_id = $6
    where tenant_id = $1 and app_code = $2 and provider = $3 and sealed = $4`,
};
