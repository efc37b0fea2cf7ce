import type { TenantLookup } from "@sendsar/gateway/store/tenant-record";
import type { TenantRecord } from "./tenant-registry.ts";

/** A tenant as stages see it; undefined when there are no rows of it, bound or not. */
export const toTenantRecord = (
  tenantId: string,
  { tenant, binding, databaseTime }: TenantLookup,
): TenantRecord | undefined => {
  if (!tenant) return undefined;
  const retainedAt = binding?.retainedAt;
  return {
    tenantId,
    ...tenant,
    ...(binding && retainedAt === undefined && { owner: binding.owner }),
    ...(retainedAt !== undefined && { retainedAt }),
    databaseTime,
  };
};
