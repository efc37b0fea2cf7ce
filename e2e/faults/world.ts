import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import type { Random } from "./load/random.ts";
import type { Balancer } from "./network/balancer.ts";
import { startBalancer } from "./network/balancer.ts";
import type { FaultDatabase } from "./processes/database.ts";
import { startFaultDatabase } from "./processes/database.ts";
import type { Pod, Program } from "./processes/pod.ts";
import { createPod } from "./processes/pod.ts";

/** An installation of real processes: a Postgres, gateways, and a balancer in front of them. */
export interface World extends AsyncDisposable {
  /** Holds data and logs; removed at the end. */
  readonly dir: string;
  readonly database: FaultDatabase;
  readonly pods: readonly Pod[];
  readonly balancer: Balancer;
  /** In base64. */
  readonly masterKey: string;
  /** Of the login that gateways have. */
  readonly gatewayUrl: string;
  /** What the gateways run, with changes to their environment. */
  program(env?: Readonly<Record<string, string>>): Program;
}

export interface WorldOptions {
  readonly pods: number;
  readonly random: Random;
}

/** Connections that Postgres takes, those that it keeps for the superuser included. */
const connectionsMax = 80;
/** Long enough for sockets to be sent away one after the other. */
const graceMs = 10_000;

/** Starts everything and waits until it serves. */
export const startWorld = async ({ pods: count, random }: WorldOptions): Promise<World> => {
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sendsar-faults-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  const logsDir = join(dir, "logs");
  await mkdir(logsDir);
  const database = parts.use(await startFaultDatabase(dir, connectionsMax));
  const masterKey = randomBytes(32).toString("base64");
  const gatewayUrl = await createLogin(database.adminUrl, masterKey);

  const program = (env: Readonly<Record<string, string>> = {}): Program => ({
    script: "gateway/src/main.ts",
    env: {
      DATABASE_URL: gatewayUrl,
      MASTER_KEY: masterKey,
      LOG_LEVEL: "warn",
      RATE_LIMITS: "off",
      SHUTDOWN_GRACE_MS: String(graceMs),
      ...env,
    },
  });

  const pods = await Promise.all(Array.from({ length: count }, (_, n) => createPod(`pod-${n + 1}`, logsDir)));
  // Killed, not asked: whoever cares how it ends has looked before.
  parts.defer(async () => void (await Promise.all(pods.map((pod) => pod.kill()))));
  await Promise.all(pods.map((pod) => pod.start(program())));
  const balancer = parts.use(await startBalancer(pods, () => random.next()));
  const running = parts.move();
  return {
    dir,
    database,
    pods,
    balancer,
    masterKey,
    gatewayUrl,
    program,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const createLogin = async (databaseUrl: string, masterKey: string): Promise<string> => {
  await using provisioner = await openProvisioner({ databaseUrl, masterKey });
  return await provisioner.ensureGatewayLogin();
};
