import { desiredReplicas } from "../desired/replicas.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { BoundTenant, ReconcileDeps } from "./deps.ts";
import { findGateway } from "./gateway.ts";

/**
 * Closes or opens the tenant in the database, in the order that clients understand best. Closing comes before the gateways
 * go, in this visit: as long as one drains it answers `tenant_suspended`. Opening comes last, when a gateway is ready: until
 * then there is nobody who could serve. Answers `waiting` while that is still to come.
 */
export const keepSuspension = async (
  deps: Pick<ReconcileDeps, "caches">,
  { tenantId, registry, record }: BoundTenant,
  tenant: Tenant,
): Promise<"done" | "waiting"> => {
  const suspended = record.status === "suspended";
  if (suspended === tenant.spec.suspend) return "done";
  if (!tenant.spec.suspend && !isServed(deps, tenant)) return "waiting";
  await registry.setSuspended(tenantId, tenant.spec.suspend);
  return "done";
};

/** With 0 replicas asked for nothing is ever ready, and nothing is waited for. */
const isServed = (deps: Pick<ReconcileDeps, "caches">, tenant: Tenant): boolean =>
  desiredReplicas(tenant) === 0 || (findGateway(deps, tenant)?.status?.readyReplicas ?? 0) > 0;
