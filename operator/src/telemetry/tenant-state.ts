import type { Tenant } from "../tenant/tenant.ts";

/** How a Tenant stands, in one word for counting. */
export type TenantState = (typeof tenantStates)[number];

export const tenantStates = ["ready", "not_ready", "unknown", "suspended", "paused", "deleting"] as const;

export const toTenantState = ({ metadata, spec, status }: Tenant): TenantState => {
  if (metadata.deletionTimestamp !== undefined) return "deleting";
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.reason === "Paused") return "paused";
  if (spec.suspend && ready?.reason === "Suspended") return "suspended";
  switch (ready?.status) {
    case "True":
      return "ready";
    case "False":
      return "not_ready";
    default:
      return "unknown";
  }
};
