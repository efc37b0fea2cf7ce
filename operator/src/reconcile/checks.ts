import { pausedAnnotation } from "../tenant/annotations.ts";
import type { ConditionReason, ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { Observed } from "./observe.ts";
import { toHosts } from "./observe.ts";

/** What is to be done with a Tenant, as far as the API's own objects tell. */
export type Verdict =
  /** Somebody wants it left alone: nothing is touched, its deletion waits too. */
  | { readonly kind: "paused" }
  | { readonly kind: "deleting" }
  /** What it asks for cannot be: what there is of it stays as it is. */
  | { readonly kind: "refused"; readonly accepted: ConditionUpdate<"Accepted"> }
  /** All of it, but for hosts that another Tenant has. */
  | { readonly kind: "accepted"; readonly hostConflict?: HostConflict };

export interface HostConflict {
  readonly accepted: ConditionUpdate<"Accepted">;
  /** Those that belong to others. */
  readonly hosts: readonly string[];
}

/** Pure. Re-checks what a schema cannot see, and what an API server without our CRD's rules would have let through. */
export const checkTenant = ({ tenant, rivals }: Observed): Verdict => {
  if (isPaused(tenant)) return { kind: "paused" };
  if (tenant.metadata.deletionTimestamp !== undefined) return { kind: "deleting" };
  const problem = findInvalid(tenant);
  if (problem !== undefined) return { kind: "refused", accepted: refuse(problem.reason, problem.message) };
  const hostConflict = findHostConflict(tenant, rivals);
  return { kind: "accepted", ...(hostConflict && { hostConflict }) };
};

export const isPaused = ({ metadata }: Tenant): boolean => metadata.annotations?.[pausedAnnotation] === "true";

interface Problem {
  readonly reason: ConditionReason<"Accepted">;
  readonly message: string;
}

const findInvalid = (tenant: Tenant): Problem | undefined => {
  const { gateway, exposure } = tenant.spec;
  if (gateway.mode === "Shared") {
    return {
      reason: "PoolNotFound",
      message: "Shared gateways (spec.gateway.mode: Shared, poolRef) are not available yet; use mode Dedicated.",
    };
  }
  if (gateway.autoscaling && gateway.autoscaling.minReplicas > gateway.autoscaling.maxReplicas) {
    return { reason: "InvalidSpec", message: "spec.gateway.autoscaling.minReplicas is greater than maxReplicas." };
  }
  if (exposure.type !== "None" && (exposure.hosts ?? []).length === 0) {
    return {
      reason: "InvalidSpec",
      message: `spec.exposure.hosts names no host, and type ${exposure.type} needs one.`,
    };
  }
  if (exposure.type === "HTTPRoute" && (exposure.parentRefs ?? []).length === 0) {
    return {
      reason: "InvalidSpec",
      message: "spec.exposure.parentRefs names no Gateway, and type HTTPRoute needs one.",
    };
  }
  return undefined;
};

/**
 * A host belongs to the Tenant that has it in force (its status says so); between such, and between those that have it not
 * yet, to the older one. So nobody loses a host to a Tenant that names it later, however old that one is.
 */
const findHostConflict = (tenant: Tenant, rivals: readonly Tenant[]): HostConflict | undefined => {
  const losses = toHosts(tenant).flatMap((host) => {
    const winner = rivals.find((rival) => toHosts(rival).includes(host) && comesFirst(rival, tenant, host));
    return winner ? [{ host, winner }] : [];
  });
  const [first] = losses;
  if (!first) return undefined;
  const { namespace = "", name } = first.winner.metadata;
  const message = `Host ${first.host} belongs to Tenant ${namespace}/${name}; remove it from one of them.`;
  return { accepted: refuse("HostConflict", message), hosts: losses.map(({ host }) => host) };
};

const comesFirst = (one: Tenant, other: Tenant, host: string): boolean => {
  const held = Number(holds(other, host)) - Number(holds(one, host));
  if (held !== 0) return held < 0;
  const [a, b] = [toAge(one), toAge(other)];
  return a < b;
};

const holds = ({ status }: Tenant, host: string): boolean => status?.endpoint?.hosts?.includes(host) ?? false;

/** Times of creation are whole seconds, so the uid decides between Tenants of the same one. RFC 3339 in UTC sorts as text. */
const toAge = ({ metadata }: Tenant): string => `${metadata.creationTimestamp ?? ""} ${metadata.uid ?? ""}`;

const refuse = (reason: ConditionReason<"Accepted">, message: string): ConditionUpdate<"Accepted"> => ({
  type: "Accepted",
  status: "False",
  reason,
  message,
});
