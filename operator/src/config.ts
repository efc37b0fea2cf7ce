import type { ConfigVariable, Env } from "@sendsar/gateway/config";
import { ConfigError, configVariables, provisioningVariables, readVariables } from "@sendsar/gateway/config";
import * as z from "zod";
import type { DesiredConfig, NetworkPolicyConfig } from "./desired/desired-config.ts";

export { ConfigError } from "@sendsar/gateway/config";

const port = z.coerce.number().int().min(0).max(65_535);
const onOff = z.enum(["on", "off"]);
const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be a name as Kubernetes has them (RFC 1123)");

/** Names by commas; none when empty. */
const names = z
  .string()
  .default("")
  .transform((value) => value.split(",").flatMap((item) => item.trim() || []))
  .pipe(z.array(name));

/** A value in JSON, as it would stand in YAML. */
const json = <T extends z.ZodType>(schema: T, otherwise: string) =>
  z
    .string()
    .default(otherwise)
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue("must be JSON");
        return z.NEVER;
      }
    })
    .pipe(schema);

const objects = z.array(z.record(z.string(), z.unknown()));

/** Every environment variable of the operator; nothing else reads the environment. Source of the reference page. */
export const operatorVariables = {
  ADMIN_DATABASE_URL: {
    ...provisioningVariables.ADMIN_DATABASE_URL,
    sentence:
      "Postgres, as the login that migrates: it owns the schema, may work as `sendsar_provisioner`, and may create logins and databases.",
  },
  MASTER_KEY: {
    ...provisioningVariables.MASTER_KEY,
    sentence:
      "Opens the tenants' sealed secrets, and gives each dedicated gateway a key of its own: 32 bytes in base64, the same on every operator and shared gateway.",
  },
  GATEWAY_IMAGE: {
    schema: z.string().min(1).max(512),
    sentence: "Image of dedicated gateways, best by digest; a Tenant may name another.",
  },
  GATEWAY_DATABASE_HOST: {
    schema: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):\d{1,5}$/, "must be host:port")
      .optional(),
    sentence: "Where pods reach Postgres, as `host:port`; that of `ADMIN_DATABASE_URL` when not set.",
  },
  GATEWAY_ENVIRONMENT: {
    schema: json(z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()), "{}"),
    sentence:
      'Environment of every dedicated gateway, as a JSON object (`{"LOG_LEVEL":"warn"}`). It lands in a ConfigMap: nothing secret belongs in it.',
  },
  GATEWAY_IMAGE_PULL_SECRETS: {
    schema: names,
    sentence: "Secrets to pull the image with, by commas; they must be in each Tenant's namespace.",
  },
  GATEWAY_MIN_READY_SECONDS: {
    schema: z.coerce.number().int().min(0).max(300).default(10),
    sentence: "How long a gateway must be ready before a rollout goes on.",
  },
  WATCH_NAMESPACES: {
    schema: names,
    sentence: "Namespaces whose Tenants are looked after, by commas; all of the cluster when empty.",
  },
  WATCH_SECRETS: {
    schema: onOff.default("on"),
    sentence:
      "Whether the metadata of our Secrets is watched, so that a deleted one is back at once. `off` needs no right to list Secrets; they are then repaired at the next resync.",
  },
  MAX_CONCURRENT_RECONCILES: {
    schema: z.coerce.number().int().min(1).max(64).default(8),
    sentence: "Tenants that are worked on at the same time; one more when somebody has just changed it.",
  },
  REQUESTS_PER_SECOND: {
    schema: z.coerce.number().int().min(5).max(5000).default(100),
    sentence: "Requests to the API server over a longer time; twice as many at once.",
  },
  ROLLOUT_BUDGET: {
    schema: z.coerce.number().int().min(1).max(1000).default(5),
    sentence:
      "Tenants whose gateways are rolled at the same time when the change is the operator's: a new image, another default. New Tenants and edits of a Tenant do not wait.",
  },
  RESYNC_SECONDS: {
    schema: z.coerce.number().int().min(10).max(86_400).default(600),
    sentence: "How often every Tenant is compared with the database, give or take a tenth.",
  },
  DRY_RUN: {
    schema: onOff.default("off"),
    sentence:
      "`on`: what would change is logged, and nothing is changed: writes go to the API server as dry runs, and to the database not at all. Needs no leadership. The same as `--dry-run`.",
  },
  POD_NAMESPACE: { schema: name.default("default"), sentence: "Namespace of the operator: its Lease is there." },
  POD_NAME: {
    schema: z.string().min(1).max(253).optional(),
    sentence: "Name of this replica in the Lease and in events; the host's name when not set.",
  },
  LEASE_NAME: { schema: name.default("sendsar-operator"), sentence: "Name of the Lease that the leader holds." },
  LEADER_ELECTION: {
    schema: onOff.default("on"),
    sentence: "`off` is for an operator that is certain to be the only one.",
  },
  HEALTH_PORT: { schema: port.default(8081), sentence: "Port for `/livez` and `/readyz`; 0 takes a free one." },
  METRICS_PORT: { schema: port.default(8080), sentence: "Port for `/metrics`; 0 takes a free one." },
  NETWORK_POLICY: {
    schema: onOff.default("on"),
    sentence: "Whether each Tenant's gateways get a network policy.",
  },
  NETWORK_POLICY_PUBLIC_FROM: {
    schema: json(objects, "[]"),
    sentence:
      "Who may open the gateways' public port, as a JSON list of network policy peers: the cluster's edge. Everybody when empty.",
  },
  NETWORK_POLICY_ADMIN_FROM: {
    schema: json(objects, "[]"),
    sentence:
      "Who may open the gateways' admin port, as the same: what scrapes metrics. Only the node's kubelet when empty.",
  },
  NETWORK_POLICY_EXTRA_EGRESS: {
    schema: json(objects, "[]"),
    sentence:
      "What else gateways may reach, as a JSON list of network policy egress rules: a Redis, a file store inside the cluster.",
  },
  LOG_LEVEL: configVariables.LOG_LEVEL,
  SHUTDOWN_GRACE_SECONDS: {
    schema: z.coerce.number().int().min(0).max(300).default(20),
    sentence: "How long a stop waits for the Tenants that are being worked on before it gives the Lease back.",
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: z.url().optional(),
    sentence:
      "Where traces are sent (OTLP); there are none without it. The other `OTEL_` variables of the OpenTelemetry specification are heeded too.",
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    schema: z.url().optional(),
    sentence: "The same for traces only, with the whole path.",
  },
  OTEL_SERVICE_NAME: {
    schema: z.string().min(1).default("sendsar-operator"),
    sentence: "Name of the service on traces.",
  },
} as const satisfies Record<string, ConfigVariable>;

type Values = { readonly [K in keyof typeof operatorVariables]: z.output<(typeof operatorVariables)[K]["schema"]> };

/** Who leads, when there may be more than one operator. */
export type LeaderElection =
  | { readonly enabled: false }
  | { readonly enabled: true; readonly namespace: string; readonly name: string };

/** The operator's configuration, checked once. */
export interface OperatorConfig {
  readonly adminDatabaseUrl: string;
  readonly masterKey: string;
  /** `host:port` as pods reach Postgres; absent when it is the operator's own way. */
  readonly gatewayDatabaseHost?: string;
  readonly desired: DesiredConfig;
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[];
  readonly watchSecrets: boolean;
  readonly maxConcurrentReconciles: number;
  readonly requestsPerSecond: number;
  readonly rolloutBudget: number;
  readonly resyncSeconds: number;
  readonly dryRun: boolean;
  /** Who this replica is; the host's name when absent. */
  readonly podName?: string;
  readonly podNamespace: string;
  readonly leaderElection: LeaderElection;
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly logLevel: Values["LOG_LEVEL"];
  readonly shutdownGraceSeconds: number;
  /** Absent: no traces. */
  readonly tracing?: { readonly serviceName: string };
}

/** Reads the operator's configuration; flags of the command line win over the environment. Throws `ConfigError` that names every variable that does not fit. */
export const readOperatorConfig = (flags: Env = {}, env: Env = process.env): OperatorConfig => {
  const read = readVariables(operatorVariables, { ...env, ...flags }) as Values;
  const dryRun = read.DRY_RUN === "on";
  return {
    adminDatabaseUrl: read.ADMIN_DATABASE_URL,
    masterKey: read.MASTER_KEY,
    ...(read.GATEWAY_DATABASE_HOST !== undefined && { gatewayDatabaseHost: read.GATEWAY_DATABASE_HOST }),
    desired: toDesiredConfig(read),
    watchNamespaces: read.WATCH_NAMESPACES,
    watchSecrets: read.WATCH_SECRETS === "on",
    maxConcurrentReconciles: read.MAX_CONCURRENT_RECONCILES,
    requestsPerSecond: read.REQUESTS_PER_SECOND,
    rolloutBudget: read.ROLLOUT_BUDGET,
    resyncSeconds: read.RESYNC_SECONDS,
    dryRun,
    ...(read.POD_NAME !== undefined && { podName: read.POD_NAME }),
    podNamespace: read.POD_NAMESPACE,
    leaderElection:
      read.LEADER_ELECTION === "on" && !dryRun
        ? { enabled: true, namespace: read.POD_NAMESPACE, name: read.LEASE_NAME }
        : { enabled: false },
    healthPort: read.HEALTH_PORT,
    metricsPort: read.METRICS_PORT,
    logLevel: read.LOG_LEVEL,
    shutdownGraceSeconds: read.SHUTDOWN_GRACE_SECONDS,
    ...((read.OTEL_EXPORTER_OTLP_ENDPOINT ?? read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) !== undefined && {
      tracing: { serviceName: read.OTEL_SERVICE_NAME },
    }),
  };
};

const toDesiredConfig = (read: Values): DesiredConfig => ({
  gatewayImage: read.GATEWAY_IMAGE,
  imagePullSecrets: read.GATEWAY_IMAGE_PULL_SECRETS.map((secret) => ({ name: secret })),
  gatewayEnvironment: read.GATEWAY_ENVIRONMENT,
  minReadySeconds: read.GATEWAY_MIN_READY_SECONDS,
  ...(read.NETWORK_POLICY === "on" && { networkPolicy: toNetworkPolicy(read) }),
});

/** The lists are what the API server's own types say; it refuses what does not fit, with a sentence about where. */
const toNetworkPolicy = (read: Values): NetworkPolicyConfig => ({
  ...toDatabaseAddress(read),
  publicFrom: read.NETWORK_POLICY_PUBLIC_FROM,
  adminFrom: read.NETWORK_POLICY_ADMIN_FROM,
  extraEgress: read.NETWORK_POLICY_EXTRA_EGRESS,
});

const toDatabaseAddress = (read: Values): Pick<NetworkPolicyConfig, "databaseHost" | "databasePort"> => {
  const address = URL.parse(
    read.GATEWAY_DATABASE_HOST === undefined ? read.ADMIN_DATABASE_URL : `postgres://${read.GATEWAY_DATABASE_HOST}`,
  );
  if (!address || address.hostname === "") {
    throw new ConfigError("unable to read the configuration; ADMIN_DATABASE_URL: names no host, and pods need one");
  }
  return {
    databaseHost: address.hostname.replace(/^\[|\]$/g, ""),
    databasePort: address.port === "" ? 5432 : Number(address.port),
  };
};
