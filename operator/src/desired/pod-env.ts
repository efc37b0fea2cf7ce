import type { V1EnvVar } from "@kubernetes/client-node";
import type { Tenant } from "../tenant/tenant.ts";
import { toDatabasePool } from "./database-pool.ts";
import type { DesiredInput } from "./desired-config.ts";
import { toNames } from "./names.ts";
import { gatewayPorts } from "./ports.ts";
import { toPublicUrl } from "./public-url.ts";
import { toNodeOptions } from "./pod-resources.ts";

/**
 * The environment of a gateway that is not secret: how the process runs. Settings of the tenant are not here but in the
 * database, where they take effect without a restart.
 */
export const toEnvironment = ({ tenant, tenantId, config }: DesiredInput): Record<string, string> => ({
  ...defaults,
  ...config.gatewayEnvironment,
  ...toOwnEnvironment(tenant, tenantId),
});

/** What the operator's configuration or a Tenant may want otherwise. */
const defaults = {
  // A WebSocket stays where it is: without a bound on its age, gateways that are added would stay empty.
  CONNECTION_AGE_MAX_SECONDS: "3600",
} as const;

/**
 * What the container states beside it: the secrets, by reference, and what the Tenant adds. An entry of the Tenant that
 * bears one of our names is left out, for the kubelet lets the later of two entries win, and both win over the ConfigMap.
 */
export const toContainerEnv = ({ tenant, tenantId }: DesiredInput): V1EnvVar[] => {
  const ours = new Set(toOwnNames(tenant, tenantId));
  const added = (tenant.spec.gateway.env ?? []).filter(({ name }) => !ours.has(name));
  return [...toSecretEnv(tenant), ...added];
};

/** Keys of the database Secret. */
export const databaseSecretKeys = { databaseUrl: "databaseUrl", tenantKey: "tenantKey", loginId: "loginId" } as const;

const toOwnEnvironment = (tenant: Tenant, tenantId: string): Record<string, string> => {
  const nodeOptions = toNodeOptions(tenant);
  return {
    TENANT_ID: tenantId,
    PORT: String(gatewayPorts.http),
    ADMIN_PORT: String(gatewayPorts.admin),
    SOCKET_TRANSPORTS: "websocket",
    DRAIN_SPREAD_SECONDS: String(tenant.spec.gateway.drain.spreadSeconds),
    DATABASE_POOL_MAX: String(toDatabasePool(tenant).max),
    PUBLIC_URL: toPublicUrl(tenant),
    ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
  };
};

const toSecretEnv = (tenant: Tenant): V1EnvVar[] => {
  const { database } = toNames(tenant.metadata.name);
  return [
    { name: "TENANT_KEY", valueFrom: { secretKeyRef: { name: database, key: databaseSecretKeys.tenantKey } } },
    { name: "DATABASE_URL", valueFrom: { secretKeyRef: { name: database, key: databaseSecretKeys.databaseUrl } } },
  ];
};

const toOwnNames = (tenant: Tenant, tenantId: string): readonly string[] => [
  ...Object.keys(toOwnEnvironment(tenant, tenantId)),
  ...toSecretEnv(tenant).map(({ name }) => name),
];
