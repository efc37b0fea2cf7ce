import type { Tenant } from "../tenant/tenant.ts";
import { maxReplicas, toSurge } from "./replicas.ts";

/** How the connections that a Tenant's login may open are shared out among its gateways. */
export interface DatabasePool {
  /** `DATABASE_POOL_MAX` of each gateway. */
  readonly max: number;
  /** The least `spec.database.connectionLimit` that every gateway of a rollout can work with. */
  readonly neededLimit: number;
  /** False: during a rollout, or at the most replicas, some gateways are refused connections. */
  readonly fits: boolean;
}

/** What a gateway holds beside its pool: one connection that listens, and one that listens to the cluster's news. */
const listeningConnections = 2;

/** The least that the gateway's `DATABASE_POOL_MAX` takes, and its default: more than that keeps one process no busier. */
const poolMin = 2;
const poolMax = 10;

/**
 * Shares `connectionLimit` among the gateways of a rollout at full size: old and new ones that serve, and as many that still
 * drain. The latter keep their listening connections; the work of their sockets has moved on.
 */
export const toDatabasePool = (tenant: Tenant): DatabasePool => {
  const limit = tenant.spec.database.connectionLimit;
  const draining = maxReplicas(tenant);
  const serving = draining + toSurge(draining);
  const listening = listeningConnections * (serving + draining);
  const share = Math.floor((limit - listening) / serving);
  const neededLimit = listening + poolMin * serving;
  return { max: Math.min(poolMax, Math.max(poolMin, share)), neededLimit, fits: limit >= neededLimit };
};

/** A sentence for the person whose `connectionLimit` is too low; undefined when it suffices. */
export const describeShortage = (tenant: Tenant): string | undefined => {
  const { fits, neededLimit } = toDatabasePool(tenant);
  if (fits) return undefined;
  const { connectionLimit } = tenant.spec.database;
  return `spec.database.connectionLimit of ${connectionLimit} is too low for a rollout of ${maxReplicas(tenant)} gateways, which needs ${neededLimit}.`;
};
