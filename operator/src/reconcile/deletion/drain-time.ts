import type { Tenant } from "../../tenant/tenant.ts";
import { toStoredSpec } from "./stored-spec.ts";

/**
 * Has the deletion waited long enough for gateways to end? As long as they may take by their own grace period, and a minute
 * more for the nodes to tell: on a node that is lost they would never be seen to end.
 */
export const isOverdue = (tenant: Tenant, now: Date): boolean => {
  const deletedAt = Date.parse(tenant.metadata.deletionTimestamp ?? "");
  return now.getTime() - deletedAt > (toDrainSeconds(tenant) + reportSeconds) * 1000;
};

const reportSeconds = 60;

const toDrainSeconds = (tenant: Tenant): number => {
  const { endpointLagSeconds = 10, spreadSeconds = 45 } = toStoredSpec(tenant).gateway?.drain ?? {};
  return endpointLagSeconds + spreadSeconds + marginSeconds;
};

/** The same as in the pods' grace period. */
const marginSeconds = 15;
