import type { Tenant } from "../tenant/tenant.ts";
import type { ServiceAccount } from "./kinds.ts";
import { toNames } from "./names.ts";
import { toOwned } from "./to-owned.ts";

/** Who the gateway's pods are. They have no business with the API server: no token is mounted and no role is bound. */
export const toServiceAccount = (tenant: Tenant): ServiceAccount =>
  toOwned(tenant, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: toNames(tenant.metadata.name).gateway },
    automountServiceAccountToken: false,
  });
