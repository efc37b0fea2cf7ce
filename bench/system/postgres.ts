import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { cpuMicrosOfTree } from "../measure/cpu.ts";
import { cores, pinned } from "../measure/pin.ts";
import { chooseAccount, postgresEnv } from "../../scripts/postgres/account.ts";
import { findBinaries } from "../../scripts/postgres/binaries.ts";
import { ensureCluster, superuser } from "../../scripts/postgres/cluster.ts";
import { guardProcess } from "../../scripts/process/guard.ts";
import { startChild } from "../../scripts/process/child.ts";
import { freePort } from "../../scripts/process/ports.ts";
import { waitUntil } from "../../scripts/process/wait.ts";
import { projectDir } from "../../scripts/start/home.ts";

/** A Postgres of the benchmark: durable as in production, with the settings that it ships with. */
export interface BenchPostgres extends AsyncDisposable {
  /** Of the superuser, for the database `postgres`. */
  readonly adminUrl: string;
  /** CPU of the server and all its connections. */
  cpuMicros(): number;
  /** Makes an empty database and answers its URL. */
  createDatabase(name: string): Promise<string>;
}

export interface BenchPostgresOptions {
  /** Loaded into it: see `slow-disk.ts`. */
  readonly library?: string;
}

const readyMsMax = 30_000;

/** Starts it on the core of the subjects, on data that is removed at the end. */
export const startBenchPostgres = async ({ library }: BenchPostgresOptions = {}): Promise<BenchPostgres> => {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "sendsar-bench-pg-"));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  await chmod(dataDir, 0o755);
  const logFile = join(tmpdir(), `${dataDir.split("/").at(-1)}.log`);
  parts.defer(() => rm(logFile, { force: true }));
  const binaries = await findBinaries();
  const account = await chooseAccount({ binaries, dataDir, ownedBy: [projectDir] });
  const { pgData, password } = await ensureCluster({ dataDir, binaries, account, logFile, sync: true });
  const port = await freePort();
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: "300" };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const wrapped = account.wrap(binaries.postgres, ["-D", pgData, "-p", String(port), ...flags]);
  const [command, args] = pinned(cores.subject, wrapped.command, wrapped.args);
  const env = { ...postgresEnv(), ...(library !== undefined && { LD_PRELOAD: library }) };
  const child = await startChild({ ...wrapped, name: "Postgres", command, args, env, cwd: "/", logFile });
  const guard = guardProcess(child.pid, { signal: "INT", removeAfter: dataDir });
  parts.defer(async () => {
    await child.stop([
      { signal: "SIGINT", waitMs: 10_000 },
      { signal: "SIGKILL", waitMs: 2000 },
    ]);
    await guard.dismiss();
  });
  const adminUrl = `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`;
  const ready = await waitUntil(async () => child.hasEnded() || (await answers(adminUrl)), { limitMs: readyMsMax });
  if (!ready || child.hasEnded()) throw new Error(`unable to start Postgres; see ${logFile}`);
  const running = parts.move();
  return {
    adminUrl,
    cpuMicros: () => cpuMicrosOfTree(child.pid),
    async createDatabase(name) {
      await onDatabase(adminUrl, (client) => client.query(`create database ${pg.escapeIdentifier(name)}`));
      return Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** Does something on a connection of its own. */
export const onDatabase = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url, application_name: "sendsar-bench" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const answers = async (url: string): Promise<boolean> => {
  try {
    await onDatabase(url, (client) => client.query("select"));
    return true;
  } catch {
    // It is starting.
    return false;
  }
};
