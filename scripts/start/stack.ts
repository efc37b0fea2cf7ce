import { connectToDatabase, removeEmbeddedDatabase, startEmbeddedDatabase } from "./database.ts";
import type { StackDatabase } from "./database.ts";
import { ensureDemoTenant } from "./demo-tenant.ts";
import { readDevFile, writeDevFile } from "./dev-file.ts";
import type { DevFile } from "./dev-file.ts";
import { createHome } from "./home.ts";
import type { Home } from "./home.ts";
import { takeLock } from "./lock.ts";
import { ensureMasterKey } from "./master-key.ts";
import type { StartOptions } from "./options.ts";
import { ensureSdk } from "./sdk.ts";
import { describeEnd, startService, waitForService } from "./service.ts";
import { createStopBudget } from "./stop-budget.ts";
import type { StopBudget } from "./stop-budget.ts";
import type { Child } from "../process/child.ts";
import { nextFreePort, portProblem } from "../process/ports.ts";
import { Sentence } from "../process/sentence.ts";
import { migrate } from "../../gateway/src/store/migrate.ts";

/** The chat platform, running on this machine. Disposing stops it, in order and within 5 s. */
export interface Stack extends AsyncDisposable {
  readonly dev: DevFile;
  /** Resolves with a sentence when a part has ended without having been asked to. */
  readonly failed: Promise<string>;
}

export interface StackOptions {
  readonly options: StartOptions;
  readonly home: Home;
  /** Ends the start; what has started by then is stopped. */
  readonly signal: AbortSignal;
}

/** Starts everything and answers when all of it serves. Throws a sentence if something cannot start. */
export const startStack = async ({ options, home, signal }: StackOptions): Promise<Stack> => {
  await using parts = new AsyncDisposableStack();
  const budget = createStopBudget();
  await createHome(home);
  parts.use(await takeLock(home.lockFile, { signal }));
  const demoPort = await choosePorts(options);

  if (options.fresh) await removeEmbeddedDatabase(home);
  const database = await startDatabase(options, home);
  parts.defer(() => database.stop(budget.take(3000)));
  signal.throwIfAborted();

  const { adminUrl } = database;
  const masterKey = await ensureMasterKey(home.masterKeyFile);
  await migrate({ databaseUrl: adminUrl });
  const { apiKey: knownKey } = await readDevFile(home.devFile);
  const { apiKey, webhookSecret, gatewayDatabaseUrl } = await ensureDemoTenant({ adminUrl, masterKey, knownKey });
  const origin = `http://localhost:${options.port}`;
  const demoUrl = `http://localhost:${demoPort}`;
  const apiUrl = `${origin}/v1`;
  const dev: DevFile = { apiUrl, apiKey, webhookSecret, databaseUrl: adminUrl, docsUrl: `${origin}/docs`, demoUrl };
  // The key is in no other place: it must be kept before anything else can go wrong.
  await writeDevFile(home.devFile, dev);
  await ensureSdk();
  signal.throwIfAborted();

  const gateway = await startGateway(home, options, gatewayDatabaseUrl, masterKey);
  const children = [gateway];
  parts.defer(() => stopChildren(children, budget));
  await waitForService(gateway, `http://127.0.0.1:${options.port}/readyz`, signal);
  const backend = await startBackend(home, demoPort, { API_URL: apiUrl, API_KEY: apiKey });
  children.push(backend);
  await waitForService(backend, `http://127.0.0.1:${demoPort}/healthz`, signal);

  const running = parts.move();
  return {
    dev,
    failed: Promise.race([...children.map(childFailure), databaseFailure(database, home)]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** Checks the gateway's port before anything is started, and answers the port of the demo page. */
const choosePorts = async ({ port, demoPort }: StartOptions): Promise<number> => {
  const problem = await portProblem(port);
  if (problem) throw new Sentence(`unable to open port ${port}; ${problem}; choose another with PORT=3010 npm start`);
  if (!demoPort.chosen) return nextFreePort(demoPort.port);
  const demoProblem = await portProblem(demoPort.port);
  if (demoProblem) throw new Sentence(`unable to open port ${demoPort.port} of DEMO_PORT; ${demoProblem}`);
  return demoPort.port;
};

const startDatabase = ({ databaseUrl }: StartOptions, home: Home): Promise<StackDatabase> =>
  databaseUrl === undefined ? startEmbeddedDatabase(home) : connectToDatabase(databaseUrl);

const startGateway = (home: Home, { port }: StartOptions, databaseUrl: string, masterKey: string): Promise<Child> =>
  startService(home, {
    name: "the gateway",
    id: "gateway",
    script: "gateway/src/main.ts",
    env: {
      PORT: String(port),
      // Keys and data of a laptop are for this laptop.
      HOST: "127.0.0.1",
      DATABASE_URL: databaseUrl,
      MASTER_KEY: masterKey,
      FILE_STORE: "disk",
      FILES_DIR: home.filesDir,
      PUBLIC_URL: `http://localhost:${port}`,
      LOG_LEVEL: process.env["LOG_LEVEL"] ?? "warn",
    },
  });

const startBackend = (home: Home, port: number, env: Readonly<Record<string, string>>): Promise<Child> =>
  startService(home, {
    name: "the demo page",
    id: "demo",
    script: "docs/examples/quick-start/server.ts",
    env: { ...env, PORT: String(port), HOST: "127.0.0.1" },
  });

const stopChildren = async (children: readonly Child[], budget: StopBudget): Promise<void> => {
  const steps = [
    { signal: "SIGTERM", waitMs: budget.take(3500) },
    { signal: "SIGKILL", waitMs: 500 },
  ] as const;
  await Promise.all(children.map((child) => child.stop(steps)));
};

const childFailure = async (child: Child): Promise<string> => {
  await child.ended;
  return `unable to go on; ${child.name} is gone: ${await describeEnd(child)}`;
};

const databaseFailure = async ({ ended }: StackDatabase, { logsDir }: Home): Promise<string> =>
  `unable to go on; Postgres is gone: it ended with ${await ended}; see ${logsDir}/postgres.log`;
