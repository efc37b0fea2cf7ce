import type { Db, Statement } from "./db.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a tenant has set, and what is set for it, by Tenant resource, over that. */
export interface StoredSettings {
  readonly own: Json;
  readonly managed: Json;
}

/** Reads the settings of a tenant. */
export const findSettings = async (db: Db, tenantId: string): Promise<StoredSettings | undefined> => {
  const [row] = await db.query<StoredSettings>(tenantId, selectSettings, [tenantId]);
  return row;
};

const selectSettings: Statement = {
  name: "select-settings",
  text: "select settings as own, managed_settings as managed from tenants where tenant_id = $1",
};

/**
 * Replaces what a tenant has set if all is still as it was read; answers false when somebody else was faster, so that the
 * caller merges again and no change is lost.
 */
export const replaceOwnSettings = async (
  db: Db,
  tenantId: string,
  before: StoredSettings,
  own: Json,
): Promise<boolean> => {
  const rows = await db.query(tenantId, updateOwn, [tenantId, ...toValues(before), JSON.stringify(own)]);
  return rows.length === 1;
};

/** Replaces both, in the same way. Takes the role of the provisioner. */
export const replaceSettings = async (
  db: Db,
  tenantId: string,
  before: StoredSettings,
  after: StoredSettings,
): Promise<boolean> => {
  const values = [tenantId, ...toValues(before), ...toValues(after)];
  const [rows] = await db.batch(tenantId, [{ statement: updateBoth, values }]);
  return rows?.length === 1;
};

const toValues = ({ own, managed }: StoredSettings): [own: string, managed: string] => [
  JSON.stringify(own),
  JSON.stringify(managed),
];

const isUnchanged = "tenant_id = $1 and settings = $2::jsonb and managed_settings = $3::jsonb";

const updateOwn: Statement = {
  name: "update-settings",
  text: `update tenants set settings = $4::jsonb, updated_at = now() where ${isUnchanged} returning tenant_id`,
};

const updateBoth: Statement = {
  name: "update-managed-settings",
  text: `
    update tenants set settings = $4::jsonb, managed_settings = $5::jsonb, updated_at = now()
    where ${isUnchanged}
    returning tenant_id`,
};

/** The bounds of a tenant where they differ from those of every tenant. */
export const findQuotas = async (db: Db, tenantId: string): Promise<Json | undefined> => {
  const [row] = await db.query<{ readonly quotas: Json }>(tenantId, selectQuotas, [tenantId]);
  return row?.quotas;
};

const selectQuotas: Statement = {
  name: "select-quotas",
  text: "select quotas from tenants where tenant_id = $1",
};

/** Replaces the bounds of a tenant. Answers whether there is such a tenant. Takes the role of the provisioner. */
export const replaceQuotas = async (db: Db, tenantId: string, quotas: Json): Promise<boolean> => {
  const [rows] = await db.batch(tenantId, [{ statement: updateQuotas, values: [tenantId, JSON.stringify(quotas)] }]);
  return rows?.length === 1;
};

const updateQuotas: Statement = {
  name: "update-quotas",
  text: "update tenants set quotas = $2::jsonb, updated_at = now() where tenant_id = $1 returning tenant_id",
};
