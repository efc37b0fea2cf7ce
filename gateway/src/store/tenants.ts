import type { SealedSecret, StoredApiKey } from "./credentials.ts";
import { insertApiKey, insertSecret } from "./credentials.ts";
import type { Db, Statement } from "./db.ts";
import { insertRevocation } from "./revocations.ts";

export type TenantStatus = "active" | "suspended";

/** A tenant as lists show it. */
export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly createdAt: string;
}

export interface NewTenant {
  readonly tenantId: string;
  readonly name: string;
  readonly apiKey: StoredApiKey;
  readonly sessionKey: SealedSecret;
  readonly webhookSecret: SealedSecret;
}

/** Stores a tenant with its first credentials, all or nothing. A taken id is a `conflict`. */
export const insertTenant = async (db: Db, tenant: NewTenant): Promise<void> => {
  const { tenantId } = tenant;
  await db.batch(tenantId, [
    { statement: insertTenantRow, values: [tenantId, tenant.name] },
    insertApiKey(tenantId, tenant.apiKey),
    insertSecret(tenantId, "session_key", tenant.sessionKey),
    insertSecret(tenantId, "webhook_secret", tenant.webhookSecret),
  ]);
};

const insertTenantRow: Statement = {
  name: "insert-tenant",
  text: "insert into tenants (tenant_id, name) values ($1, $2)",
};
/** All tenants, by id. Only the provisioner's role sees more than one. */
export const listTenants = async (db: Db): Promise<Tenant[]> => {
  const rows = await db.query<TenantRow>("", selectTenants, []);
  return rows.map(toTenant);
};

const selectTenants: Statement = {
  name: "select-tenants",
  text: "select tenant_id, name, status, created_at from tenants order by tenant_id",
};

interface TenantRow {
  readonly tenant_id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly created_at: string;
}

const toTenant = (row: TenantRow): Tenant => ({
  tenantId: row.tenant_id,
  name: row.name,
  status: row.status,
  createdAt: row.created_at,
});

/** Removes a tenant and everything it has. Answers whether there was one. */
export const deleteTenant = async (db: Db, tenantId: string): Promise<boolean> => {
  const results = await db.batch(tenantId, [
    ...["events", "messages", "participants", "rooms", "users"].map((table) => ({
      statement: { name: `delete-${table}`, text: `delete from ${table} where tenant_id = $1` },
      values: [tenantId],
    })),
    // The row outlives the tenant: gateways learn from it that the sockets must go.
    insertRevocation(tenantId, undefined, "tenant_deleted"),
    { statement: deleteTenantRow, values: [tenantId] },
  ]);
  return results.at(-1)?.length === 1;
};

const deleteTenantRow: Statement = {
  name: "delete-tenant",
  text: "delete from tenants where tenant_id = $1 returning tenant_id",
};

/**
 * Suspends a tenant, or takes it up again. Suspended, its credentials are refused everywhere within seconds and its
 * sockets are cut; its data stays. Answers whether there is such a tenant.
 */
export const setTenantStatus = async (db: Db, tenantId: string, status: TenantStatus): Promise<boolean> => {
  const [rows] = await db.batch(tenantId, [
    { statement: updateStatus, values: [tenantId, status] },
    ...(status === "suspended" ? [insertRevocation(tenantId, undefined, "tenant_suspended")] : []),
  ]);
  return rows?.length === 1;
};

const updateStatus: Statement = {
  name: "update-tenant-status",
  text: "update tenants set status = $2, updated_at = now() where tenant_id = $1 returning tenant_id",
};

/** Status and stored settings of a tenant. */
export interface TenantState {
  readonly status: TenantStatus;
  readonly settings: Record<string, unknown>;
}

/** Reads a tenant's status and what it has set. */
export const findTenant = async (db: Db, tenantId: string): Promise<TenantState | undefined> => {
  const [row] = await db.query<TenantState>(tenantId, selectTenant, [tenantId]);
  return row;
};

const selectTenant: Statement = {
  name: "select-tenant",
  text: "select status, settings from tenants where tenant_id = $1",
};

/**
 * Replaces a tenant's settings if they are still those that were read; answers false when somebody else was faster, so
 * that the caller merges again and no change is lost.
 */
export const replaceSettings = async (
  db: Db,
  tenantId: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Promise<boolean> => {
  const rows = await db.query(tenantId, updateSettings, [tenantId, JSON.stringify(before), JSON.stringify(after)]);
  return rows.length === 1;
};

const updateSettings: Statement = {
  name: "update-settings",
  text: `
    update tenants set settings = $3::jsonb, updated_at = now()
    where tenant_id = $1 and settings = $2::jsonb
    returning tenant_id`,
};
