import type { Db, Query, Statement } from "./db.ts";
import type { BindingOwner } from "./guarded-db.ts";

/** Which resource of Kubernetes has a tenant, or had it. */
export interface TenantBinding {
  readonly owner: BindingOwner;
  /** The database that is the tenant's own; absent while its rows are in this one. */
  readonly databaseName?: string;
  /** Since when the data is kept without a resource; absent while the resource has it. */
  readonly retainedAt?: string;
}

export interface NewBinding {
  readonly tenantId: string;
  readonly owner: BindingOwner;
  readonly databaseName?: string;
  /** Also take what a resource of another name has left. */
  readonly adopt: boolean;
}

/**
 * A statement that binds a tenant to a resource, if no other has it; of many at once the row lets one through. What a
 * resource left comes back to the one of its namespace and name, to another only with `adopt`. Answers a row if it changed
 * something.
 */
export const bindTenant = ({ tenantId, owner, databaseName, adopt }: NewBinding): Query => ({
  statement: upsertBinding,
  values: [tenantId, owner.namespace, owner.name, owner.uid, databaseName ?? null, adopt],
});

const upsertBinding: Statement = {
  name: "bind-tenant",
  text: `
    insert into tenant_bindings as b (tenant_id, namespace, name, uid, database_name) values ($1, $2, $3, $4, $5)
    on conflict (tenant_id) do update
    set namespace = excluded.namespace, name = excluded.name, uid = excluded.uid, retained_at = null
    where b.database_name is not distinct from excluded.database_name and (
      ((b.namespace, b.name) = (excluded.namespace, excluded.name)
        and (b.uid <> excluded.uid or b.retained_at is not null))
      or (b.retained_at is not null and $6::boolean))
    returning tenant_id`,
};

/** A statement that ends the binding of a tenant and keeps its data. Under a guard that names the owner. */
export const releaseTenant = (tenantId: string): Query => ({ statement: setRetained, values: [tenantId] });

const setRetained: Statement = {
  name: "release-tenant",
  text: "update tenant_bindings set retained_at = now() where tenant_id = $1 and retained_at is null",
};

/** A statement that takes the binding of a tenant away. */
export const unbindTenant = (tenantId: string): Query => ({ statement: deleteBinding, values: [tenantId] });

const deleteBinding: Statement = {
  name: "unbind-tenant",
  text: "delete from tenant_bindings where tenant_id = $1",
};

/** To whom a tenant is bound, or was before it was retained. */
export const findBinding = async (db: Db, tenantId: string): Promise<TenantBinding | undefined> => {
  const [row] = await db.query<BindingRow>(tenantId, selectBinding, [tenantId]);
  return row && toBinding(row);
};

const selectBinding: Statement = {
  name: "select-binding",
  text: `
    select namespace, name as resource_name, uid, database_name, retained_at from tenant_bindings
    where tenant_id = $1`,
};

/** A tenant that has a database of its own. */
export interface TenantElsewhere {
  readonly tenantId: string;
  readonly database: string;
  /** `namespace/name` of the Tenant resource that has it, or had it. */
  readonly managedBy: string;
  /** Since when it is kept without that. */
  readonly retainedAt?: string;
}

/** All tenants that have a database of their own, by id. Takes the role of the provisioner. */
export const listTenantsElsewhere = async (db: Db): Promise<TenantElsewhere[]> => {
  const rows = await db.query<BindingRow & { readonly tenant_id: string }>("", selectElsewhere, []);
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    database: row.database_name ?? "",
    managedBy: `${row.namespace}/${row.resource_name}`,
    ...(row.retained_at !== null && { retainedAt: row.retained_at }),
  }));
};

const selectElsewhere: Statement = {
  name: "select-tenants-elsewhere",
  text: `
    select tenant_id, namespace, name as resource_name, uid, database_name, retained_at from tenant_bindings
    where database_name is not null
    order by tenant_id`,
};

/** Columns of a binding as statements select them. */
export interface BindingRow {
  readonly namespace: string;
  readonly resource_name: string;
  readonly uid: string;
  readonly database_name: string | null;
  readonly retained_at: string | null;
}

export const toBinding = (row: BindingRow): TenantBinding => ({
  owner: { namespace: row.namespace, name: row.resource_name, uid: row.uid },
  ...(row.database_name !== null && { databaseName: row.database_name }),
  ...(row.retained_at !== null && { retainedAt: row.retained_at }),
});
