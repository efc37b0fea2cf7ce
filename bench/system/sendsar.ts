import { randomBytes } from "node:crypto";
import { createKeyRing } from "../../gateway/src/auth/key-ring.ts";
import { channelOf, channelPrefixOf } from "../../gateway/src/realtime/cluster/adapter.ts";
import { migrate } from "../../gateway/src/store/migrate.ts";
import type { NewTenantCredentials } from "../../gateway/src/provisioning/provisioner.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import type { BenchPostgres } from "./postgres.ts";
import type { Lab, Server } from "./lab.ts";
import { waitUntil } from "../../scripts/process/wait.ts";
import { seedPast, seedTenant } from "./seed.ts";
import type { World } from "./world.ts";

/** Servers that share a database and serve the same world, ours or the reference. */
export interface Deployment {
  readonly servers: readonly Server[];
  /** Header lines of a request in the name of the tenant's backend, one for each world. */
  readonly headers: readonly string[];
  readonly worlds: readonly World[];
  readonly databaseUrl: string;
  cpuMicros(): number;
  /** One server more. */
  startServer(): Promise<Server>;
}

export interface DeploymentOptions {
  readonly gateways: number;
  /** One for each tenant. */
  readonly worlds: readonly World[];
  readonly database: string;
  /** Entry file of another build of the gateway, to compare with. Default: the one of this repository. */
  readonly script?: string;
  /** As in production; otherwise nobody is limited. */
  readonly rateLimits?: boolean;
}

export interface SendsarDeployment extends Deployment {
  /** On which its gateways notify each other. */
  readonly channel: string;
}

/** Our gateways, as they are deployed, on a database of their own. They log warnings only. */
export const deploySendsar = async (lab: Lab, options: DeploymentOptions): Promise<SendsarDeployment> => {
  const { gateways, worlds, database, script = "gateway/src/main.ts", rateLimits = false } = options;
  const postgres = await lab.postgres();
  const masterKey = randomBytes(32).toString("base64");
  const { adminUrl, gatewayUrl, tenants } = await prepare(postgres, database, masterKey, worlds);
  const env = {
    PORT: "0",
    HOST: "127.0.0.1",
    DATABASE_URL: gatewayUrl,
    MASTER_KEY: masterKey,
    LOG_LEVEL: "warn",
    RATE_LIMITS: rateLimits ? "on" : "off",
    SHUTDOWN_GRACE_MS: "200",
    SOCKET_TRANSPORTS: "websocket",
  };
  const servers: Server[] = [];
  const startServer = async (): Promise<Server> => {
    const server = await lab.startServer({ script, env });
    await untilReady(server);
    servers.push(server);
    return server;
  };
  for (let count = 0; count < gateways; count++) await startServer();
  return {
    servers,
    headers: tenants.map(({ apiKey }) => `x-api-key: ${apiKey}\r\n`),
    worlds,
    databaseUrl: adminUrl,
    channel: channelOf(channelPrefixOf(createKeyRing({ kind: "master", masterKey }))),
    cpuMicros: () => servers.reduce((sum, server) => sum + server.cpuMicros(), 0),
    startServer,
  };
};

const prepare = async (postgres: BenchPostgres, database: string, masterKey: string, worlds: readonly World[]) => {
  const adminUrl = await postgres.createDatabase(database);
  await migrate({ databaseUrl: adminUrl });
  await using provisioner = await openProvisioner({ databaseUrl: adminUrl, masterKey });
  const gatewayUrl = await provisioner.ensureGatewayLogin();
  const tenants: NewTenantCredentials[] = [];
  for (const [index, world] of worlds.entries()) {
    const tenant = await provisioner.createTenant({ tenantId: `t${index}` });
    if (index === 0) await seedPast(adminUrl, tenant.tenantId);
    await seedTenant(adminUrl, tenant.tenantId, world);
    tenants.push(tenant);
  }
  return { adminUrl, gatewayUrl, tenants };
};

/** A gateway listens on its port before it hears the others. */
const untilReady = async ({ url, child }: Server): Promise<void> => {
  const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
  const ready = await waitUntil(async () => child.hasEnded() || (await isReady()), { limitMs: readyMsMax });
  if (!ready || child.hasEnded()) throw new Error(`unable to start a gateway; ${url}/readyz says that it is not ready`);
};

const readyMsMax = 30_000;
