import type { SealedSecret, StoredApiKey } from "./credentials.ts";
import { insertApiKey, insertSecret } from "./credentials.ts";
import type { Db, Query, Statement } from "./db.ts";
import { removeTenantFiles } from "./file-removals.ts";
import { insertRevocation, revoking } from "./revocations.ts";
import { unbindTenant } from "./tenant-bindings.ts";

export type TenantStatus = "active" | "suspended";

/** A tenant as lists show it. */
export interface Tenant {
  readonly tenantId: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly createdAt: string;
  /** `namespace/name` of the Tenant resource that has it, or had it. */
  readonly managedBy?: string;
  /** Since when it is kept without that. */
  readonly retainedAt?: string;
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
  text: `
    select t.tenant_id, t.name, t.status, t.created_at, b.namespace || '/' || b.name as managed_by, b.retained_at
    from tenants t left join tenant_bindings b using (tenant_id)
    order by t.tenant_id`,
};

interface TenantRow {
  readonly tenant_id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly created_at: string;
  readonly managed_by: string | null;
  readonly retained_at: string | null;
}

const toTenant = (row: TenantRow): Tenant => ({
  tenantId: row.tenant_id,
  name: row.name,
  status: row.status,
  createdAt: row.created_at,
  ...(row.managed_by !== null && { managedBy: row.managed_by }),
  ...(row.retained_at !== null && { retainedAt: row.retained_at }),
});

/** Removes a tenant and everything it has, its binding included. Answers whether there was one. */
export const deleteTenant = async (db: Db, tenantId: string): Promise<boolean> => {
  const results = await db.batch(tenantId, [
    removeTenantFiles(tenantId),
    ...["events", "messages", "participants", "rooms", "users"].map((table) => ({
      statement: { name: `delete-${table}`, text: `delete from ${table} where tenant_id = $1` },
      values: [tenantId],
    })),
    // The row outlives the tenant: gateways learn from it that the sockets must go.
    insertRevocation(tenantId, "tenant_deleted"),
    unbindTenant(tenantId),
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
 * sockets are cut; its data stays. One that is so already stays as it is. Answers whether there is such a tenant.
 */
export const setTenantStatus = async (db: Db, tenantId: string, status: TenantStatus): Promise<boolean> => {
  if ((await findTenantStatus(db, tenantId)) === status) return true;
  const [rows] = await db.batch(tenantId, [status === "suspended" ? suspendTenant(tenantId) : resumeTenant(tenantId)]);
  return rows?.length === 1;
};

/** A statement that suspends a tenant unless it is already, for use in a batch. Answers a row when there is the tenant. */
export const suspendTenant = (tenantId: string): Query => ({ statement: setSuspended, values: [tenantId] });

const setSuspended: Statement = {
  name: "suspend-tenant",
  text: `
    with moved as (
      update tenants set status = 'suspended', updated_at = now()
      where tenant_id = $1 and status <> 'suspended'
      returning null::text as user_id, null::timestamptz as sessions_valid_from
    ),
    ${revoking("moved", "tenant_suspended")}
    select tenant_id from tenants where tenant_id = $1`,
};

const resumeTenant = (tenantId: string): Query => ({ statement: setActive, values: [tenantId] });

const setActive: Statement = {
  name: "resume-tenant",
  text: "update tenants set status = 'active', updated_at = now() where tenant_id = $1 returning tenant_id",
};

/** A statement that makes a tenant without credentials, unless it is there; another name becomes its name. */
export const putTenant = (tenantId: string, name: string): Query => ({
  statement: upsertTenant,
  values: [tenantId, name],
});

const upsertTenant: Statement = {
  name: "put-tenant",
  text: `
    insert into tenants as t (tenant_id, name) values ($1, $2)
    on conflict (tenant_id) do update set name = excluded.name, updated_at = now() where t.name <> excluded.name`,
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
