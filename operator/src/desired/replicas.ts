import type { Tenant } from "../tenant/tenant.ts";

/**
 * How many gateways the operator asks for; undefined while an autoscaler decides. Never part of the Deployment that is
 * applied: it goes to the scale subresource under a manager of its own, because a number that an apply once owned and then
 * leaves out falls back to 1 before the autoscaler can take it over.
 * Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export const desiredReplicas = (tenant: Tenant): number | undefined => {
  if (isAsleep(tenant)) return 0;
  const { autoscaling, replicas } = tenant.spec.gateway;
  return autoscaling ? undefined : replicas;
};

/** No gateway is to run: the Tenant is suspended, or on its way out. */
export const isAsleep = ({ metadata, spec }: Tenant): boolean =>
  spec.suspend === true || metadata.deletionTimestamp !== undefined;

/** How many gateways there may be when nothing is being rolled. */
export const maxReplicas = (tenant: Tenant): number => {
  const { autoscaling, replicas } = tenant.spec.gateway;
  return Math.max(1, autoscaling ? autoscaling.maxReplicas : replicas);
};

/** How many more a rollout may start: the API server rounds up. */
export const surgePercent = 25;

export const toSurge = (replicas: number): number => Math.ceil((replicas * surgePercent) / 100);
