import type { DesiredInput } from "../desired/desired-config.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";

/**
 * What the objects of a Tenant are rendered from; undefined before its place in the database was first ready. Its id and its
 * login are read from the status, so that a gateway which is there is kept up while the database does not answer.
 */
export const toDesiredInput = (
  { desired }: Pick<ReconcileDeps, "desired">,
  tenant: Tenant,
  { customMetricsServed }: { readonly customMetricsServed: boolean } = { customMetricsServed: false },
): DesiredInput | undefined => {
  const tenantId = tenant.status?.tenantId;
  const loginId = tenant.status?.databaseLogin?.id;
  if (tenantId === undefined || loginId === undefined) return undefined;
  return { tenant, tenantId, loginId, customMetricsServed, config: desired };
};
