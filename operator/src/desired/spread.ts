import type { V1TopologySpreadConstraint } from "@kubernetes/client-node";
import type { Tenant } from "../tenant/tenant.ts";
import { toSelector } from "./labels.ts";

/**
 * Gateways of one revision keep away from each other, over zones and over nodes, as far as there is room: a full node never
 * stops a rollout. Without the revision's hash, the old pods that are about to go would push the new ones together.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ (`matchLabelKeys`)
 */
export const toSpread = (tenant: Tenant): V1TopologySpreadConstraint[] =>
  ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: toSelector(tenant) },
    matchLabelKeys: ["pod-template-hash"],
  }));
