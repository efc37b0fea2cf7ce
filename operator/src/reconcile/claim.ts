import type { Claim, TenantOwner, TenantRegistry } from "../database/tenant-registry.ts";
import { adoptAnnotation } from "../tenant/annotations.ts";
import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { accepted } from "./verdicts.ts";

/**
 * Binds the tenant to this resource, unless another has it: of many that ask at once the database lets one through. What was
 * retained comes back to a resource of the same namespace and name, or to one that names it in its annotation.
 */
export const claimTenant = (registry: TenantRegistry, tenant: Tenant, tenantId: string): Promise<Claim> =>
  registry.claim({
    tenantId,
    name: tenant.spec.displayName ?? tenant.metadata.name,
    owner: toOwner(tenant),
    // Only an id that somebody wrote into the spec: adopting by an id that follows from the name would be no decision.
    adopt:
      tenant.spec.tenantId !== undefined && tenant.metadata.annotations?.[adoptAnnotation] === tenant.spec.tenantId,
  });

/** As the database names this resource. */
export const toOwner = ({ metadata }: Tenant): TenantOwner => {
  const { namespace = "", name, uid } = metadata;
  if (uid === undefined) throw new Error("unable to name the owner; the Tenant has no uid, so it was never stored");
  return { namespace, name, uid };
};

export const toAccepted = (tenantId: string, claim: Claim): ConditionUpdate<"Accepted"> => {
  if (claim.claimed) return accepted;
  const { namespace, name } = claim.heldBy;
  return {
    type: "Accepted",
    status: "False",
    reason: "TenantIdConflict",
    message: claim.retained
      ? `Tenant ${tenantId} was kept when Tenant ${namespace}/${name} was deleted; the annotation ${adoptAnnotation} takes it over.`
      : `Tenant ${tenantId} belongs to Tenant ${namespace}/${name}; nothing of it is touched.`,
  };
};
