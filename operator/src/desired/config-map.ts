import type { DesiredInput } from "./desired-config.ts";
import type { ConfigMap } from "./kinds.ts";
import { toNames } from "./names.ts";
import { toEnvironment } from "./pod-env.ts";
import { toHash } from "./template-hash.ts";
import { toOwned } from "./to-owned.ts";

/**
 * The environment of the Tenant's gateways, all that is not secret: ports, transports, drain time, size of the connection
 * pool, public URL, heap limit, and what the operator's configuration says for every gateway.
 */
export const toConfigMap = (input: DesiredInput): ConfigMap =>
  toOwned(input.tenant, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: toNames(input.tenant.metadata.name).gateway },
    data: toEnvironment(input),
  });

/**
 * Stands for all that a pod reads once when it starts and that its template only refers to: the ConfigMap and the login.
 *
 * API keys and webhook secrets are no part of it: they are looked up in the database, so their rotation restarts nothing.
 * Nor is the size of the connection pool, which follows from the number of gateways: scaling would restart them all. Those
 * that run keep their size within the room that the sharing leaves, and the limit itself is part of the hash.
 */
export const toConfigHash = (input: DesiredInput): string => {
  const { DATABASE_POOL_MAX: _poolMax, ...environment } = toEnvironment(input);
  const { connectionLimit } = input.tenant.spec.database;
  return toHash({ environment, connectionLimit, loginId: input.loginId });
};
