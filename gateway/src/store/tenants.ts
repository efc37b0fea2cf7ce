import type { SealedSecret, StoredApiKey } from "./credentials.ts";
import { insertApiKey, insertSecret } from "./credentials.ts";
import type { Db, Statement } from "./db.ts";
import { removeTenantFiles } from "./file-removals.ts";
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
    removeTenantFiles(tenantId),
    ...["events", "messages", "participants", "rooms", "users"].map((table) => ({
      statement: { name: `delete-${table}`, text: `delete from ${table} where tenant_id = $1` },
      values: [tenantId],
    })),
    // The row outlives the tenant: gateways learn from it that the sockets must go.
    insertRevocation(tenantId, "tenant_deleted"),
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
    ...(status === "suspended" ? [insertRevocation(tenantId, "tenant_suspended")] : []),
  ]);
  return rows?.length === 1;
};

const updateStatus: Statement = {
  name: "update-tenant-status",
  text: "update tenants set status = $2, updated_at = now() where tenant_id = $1 returning tenant_id",
};

/** May the tenant's credentials be used? Undefined when there is no such tenant. */
export const findTenantStatus = async (db: Db, tenantId: string): Promise<TenantStatus | undefined> => {
  const [row] = await db.query<{ readonly status: TenantStatus }>(tenantId, selectStatus, [tenantId]);
  return row?.status;
};

const selectStatus: Statement = {
  name: "select-tenant-status",
  text: "select status from tenants where tenant_id = $1",
};
