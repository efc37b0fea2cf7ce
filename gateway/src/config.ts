import * as z from "zod";
import type { Keys } from "./auth/key-ring.ts";
import type { FilesConfig } from "./files/files.ts";
import { filesVariables, toFilesConfig } from "./files-config.ts";
import { keySchema, keysVariables, toKeys } from "./keys-config.ts";
import { isProxyRange } from "./client-address.ts";

/** One environment variable: how it is read, what it is without it, and the sentence the reference page shows. */
export interface ConfigVariable {
  readonly schema: z.ZodType;
  readonly sentence: string;
  readonly secret?: true;
}

const port = z.coerce.number().int().min(0).max(65_535);

/** Every environment variable of the gateway; nothing else reads the environment. Source of the reference page. */
export const configVariables = {
  PORT: { schema: port.default(3001), sentence: "Port for REST and Socket.IO; 0 takes a free one." },
  HOST: { schema: z.string().min(1).default("0.0.0.0"), sentence: "Address to listen on." },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL"),
    sentence:
      "Postgres, as a login that is a member of `sendsar_gateway` and nothing more, or with `TENANT_ID` one that is bound to the tenant; a role that owns tables or bypasses row-level security is refused.",
    secret: true,
  },
  LISTEN_DATABASE_URL: {
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL")
      .optional(),
    sentence:
      "The same database without a pooler in between, for LISTEN and NOTIFY: two connections of each gateway. `DATABASE_URL` when not set.",
    secret: true,
  },
  FANOUT: {
    schema: z.enum(["postgres", "redis-streams"]).default("postgres"),
    sentence:
      "How gateways tell each other at once what they have committed. `postgres` needs nothing else; `redis-streams` takes the load off a database that many gateways share.",
  },
  REDIS_URL: {
    schema: z
      .string()
      .regex(/^rediss?:\/\//, "must be a redis:// or rediss:// URL")
      .optional(),
    sentence:
      "Redis 6.2 or later, for `FANOUT=redis-streams`. Nothing is stored there that is not in Postgres. Whoever can log in sees what all gateways on it tell each other: one with `TENANT_ID` needs a Redis of its own.",
    secret: true,
  },
  CONNECTIONS_MAX: {
    schema: z.coerce.number().int().min(1).max(1_000_000).default(20_000),
    sentence:
      "Connections of clients at most, sockets and idle ones included; one more is closed at once. Below what the system lets a process open.",
  },
  DATABASE_POOL_MAX: {
    schema: z.coerce.number().int().min(2).max(200).default(10),
    sentence: "Database connections of one gateway at most.",
  },
  ...keysVariables,
  SOCKET_TRANSPORTS: {
    schema: z
      .string()
      .default("websocket,polling")
      .transform((value) => value.split(","))
      .pipe(z.array(z.enum(["websocket", "polling"])).min(1)),
    sentence:
      "Socket.IO transports, by commas. Polling needs all requests of a session to reach one gateway: leave only `websocket` behind a balancer without affinity.",
  },
  RATE_LIMITS: {
    schema: z.enum(["on", "off"]).default("on"),
    sentence:
      "Whether users, tenants and addresses are limited, as the limits page says. `off` is for tests and benchmarks only.",
  },
  TRUSTED_PROXIES: {
    schema: z
      .string()
      .default("")
      .transform((value) => value.split(",").flatMap((range) => range.trim() || []))
      .pipe(z.array(z.string().refine(isProxyRange, "must be addresses or ranges like 10.0.0.0/8, by commas"))),
    sentence:
      "Proxies whose `X-Forwarded-For` is believed: addresses and ranges like `10.0.0.0/8`, or `loopback`, `linklocal`, `uniquelocal`, by commas. Without any, requests come from where their connection comes from.",
  },
  ...filesVariables,
  LOG_LEVEL: {
    schema: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
    sentence: "What is logged: this level and above, as JSON lines on standard output.",
  },
  ADMIN_PORT: {
    schema: port.optional(),
    sentence:
      "Port for those who run the gateway: `/livez`, `/readyz`, `/startupz` and `/metrics`, without credentials, so not to be reached from outside; 0 takes a free one. Not served when not set.",
  },
  SHUTDOWN_GRACE_MS: {
    schema: z.coerce.number().int().min(0).max(300_000).default(3000),
    sentence:
      "Milliseconds that a stop waits for what is under way before it cuts connections. Without `DRAIN_SPREAD_SECONDS` sockets are sent away in the first half of it.",
  },
  DRAIN_SPREAD_SECONDS: {
    schema: z.coerce.number().min(0).max(3600).optional(),
    sentence:
      "Seconds over which a stop spreads sending sockets away, so that the other gateways do not get all of them at once; `SHUTDOWN_GRACE_MS` begins after it.",
  },
  CONNECTION_AGE_MAX_SECONDS: {
    schema: z.coerce.number().min(1).max(604_800).optional(),
    sentence:
      "Seconds, ± 10 %, after which a socket is sent away to come back, perhaps to a gateway that was started since. Without it sockets stay where they are.",
  },
} as const satisfies Record<string, ConfigVariable>;

/** Environment variables of the provisioning command. */
export const provisioningVariables = {
  ADMIN_DATABASE_URL: {
    schema: configVariables.DATABASE_URL.schema,
    sentence: "Postgres, as the login that migrates: it owns the schema and may work as `sendsar_provisioner`.",
    secret: true,
  },
  MASTER_KEY: {
    schema: keySchema,
    sentence: "Seals the tenants' secrets: 32 bytes in base64, the same that gateways of all tenants have.",
    secret: true,
  },
} as const satisfies Record<string, ConfigVariable>;

export type Env = Readonly<Record<string, string | undefined>>;
type Values = { readonly [K in keyof typeof configVariables]: z.output<(typeof configVariables)[K]["schema"]> };

/** What gateways tell each other with. */
export type Fanout =
  | { readonly kind: "postgres"; readonly databaseUrl: string }
  | { readonly kind: "redis-streams"; readonly redisUrl: string };

/** The gateway's configuration, checked once. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly databaseUrl: string;
  readonly fanout: Fanout;
  readonly connectionsMax: number;
  readonly databasePoolMax: number;
  /** Whom it serves, and with which key. */
  readonly keys: Keys;
  readonly socketTransports: readonly ("websocket" | "polling")[];
  /** False when nothing is limited. */
  readonly rateLimits: boolean;
  /** Addresses and ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly files: FilesConfig;
  readonly logLevel: Values["LOG_LEVEL"];
  /** Undefined when probes and metrics are not served. */
  readonly adminPort: number | undefined;
  /** How a stop goes: milliseconds over which sockets are sent away, and then those in which work may finish. */
  readonly stop: { readonly spreadMs: number; readonly finishMs: number };
  /** How long a socket may stay, about. Undefined: as long as it likes. */
  readonly connectionAgeMsMax: number | undefined;
}

/** The environment does not make a configuration; the message says which variables and why. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads the gateway's configuration. Throws `ConfigError` that names every variable that does not fit. */
export const readConfig = (env: Env = process.env): Config => {
  const read = readVariables(configVariables, env) as Values;
  return {
    port: read.PORT,
    host: read.HOST,
    databaseUrl: read.DATABASE_URL,
    fanout: toFanout(read),
    connectionsMax: read.CONNECTIONS_MAX,
    databasePoolMax: read.DATABASE_POOL_MAX,
    keys: together(() => toKeys(read)),
    socketTransports: read.SOCKET_TRANSPORTS,
    rateLimits: read.RATE_LIMITS === "on",
    trustedProxies: read.TRUSTED_PROXIES,
    files: together(() => toFilesConfig(read)),
    logLevel: read.LOG_LEVEL,
    adminPort: read.ADMIN_PORT,
    stop: toStop(read),
    connectionAgeMsMax:
      read.CONNECTION_AGE_MAX_SECONDS === undefined ? undefined : read.CONNECTION_AGE_MAX_SECONDS * 1000,
  };
};

const toStop = ({ SHUTDOWN_GRACE_MS: graceMs, DRAIN_SPREAD_SECONDS: spread }: Values): Config["stop"] =>
  spread === undefined
    ? { spreadMs: graceMs / 2, finishMs: graceMs / 2 }
    : { spreadMs: spread * 1000, finishMs: graceMs };

const toFanout = (read: Values): Fanout => {
  if (read.FANOUT === "postgres") {
    return { kind: "postgres", databaseUrl: read.LISTEN_DATABASE_URL ?? read.DATABASE_URL };
  }
  if (read.REDIS_URL === undefined) {
    throw new ConfigError("unable to read the configuration; REDIS_URL: is not set, and FANOUT=redis-streams needs it");
  }
  return { kind: "redis-streams", redisUrl: read.REDIS_URL };
};

/** Values that are each as they should be, and may not go together. */
const together = <T>(make: () => T): T => {
  try {
    return make();
  } catch (error) {
    throw new ConfigError(`unable to read the configuration; ${(error as Error).message}`);
  }
};

/** Reads what provisioning needs. Throws `ConfigError`. */
export const readProvisioningConfig = (
  env: Env = process.env,
): { readonly databaseUrl: string; readonly masterKey: string } => {
  const read = readVariables(provisioningVariables, env);
  return { databaseUrl: String(read["ADMIN_DATABASE_URL"]), masterKey: String(read["MASTER_KEY"]) };
};

/** Reads a table of variables. Throws `ConfigError` that names every one that does not fit. */
export const readVariables = (
  variables: Readonly<Record<string, ConfigVariable>>,
  env: Env,
): Record<string, unknown> => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(variables)) {
    // An empty variable is an absent one: shells and charts make no difference.
    const parsed = schema.safeParse(env[name] === "" ? undefined : env[name]);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${env[name] ? (parsed.error.issues[0]?.message ?? "invalid") : "is not set"}`);
  }
  if (problems.length > 0) throw new ConfigError(`unable to read the configuration; ${problems.join("; ")}`);
  return values;
};
