import type { Tenant } from "../tenant/tenant.ts";
import type { PodDisruptionBudget } from "./kinds.ts";
import { toSelector } from "./labels.ts";
import { toNames } from "./names.ts";
import { toOwned } from "./to-owned.ts";

/**
 * A drained node takes one gateway at a time. `maxUnavailable` and not `minAvailable`: with a single gateway the latter
 * would never let a node go. A gateway that is not ready may always be evicted, it serves nobody.
 * Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
 */
export const toPodDisruptionBudget = (tenant: Tenant): PodDisruptionBudget =>
  toOwned(tenant, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: toNames(tenant.metadata.name).gateway },
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: toSelector(tenant) },
    },
  });
