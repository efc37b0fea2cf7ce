import type { Statement } from "./db.ts";

/** Locks a tenant, for changes that must see one another. Values: tenant. */
export const lockTenant: Statement = {
  name: "lock-tenant",
  text: "select from tenants where tenant_id = $1 for no key update",
};
