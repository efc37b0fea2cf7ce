import { mkdir, rm } from "node:fs/promises";
import pg from "pg";
import { chooseAccount, postgresEnv } from "./account.ts";
import type { Account } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { broken, ensureCluster, pgDataIn, superuser } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { stopLeftover } from "./leftover.ts";
import { startChild } from "../process/child.ts";
import type { Child } from "../process/child.ts";
import { guardProcess } from "../process/guard.ts";
import { freePort } from "../process/ports.ts";
import { Sentence, codeOf, reasonOf } from "../process/sentence.ts";
import { lastLines } from "../process/text-tail.ts";
import { waitUntil } from "../process/wait.ts";

export interface PostgresOptions {
  /** Holds the data and the superuser's password; made if it is not there. One caller at a time. */
  readonly dataDir: string;
  /** Gets what Postgres prints. */
  readonly logFile: string;
  /** A folder whose owner runs Postgres when this process is root; the root of the project. */
  readonly projectDir: string;
  /** Default: one that is free, another one at each start. */
  readonly port?: number;
  /** Settings of Postgres, by their names in its manual. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Data for one run: never waits for the disk, and `dataDir` is removed at the end. Default false. */
  readonly temporary?: boolean;
}

/** A running Postgres that only this machine reaches. */
export interface Postgres extends AsyncDisposable {
  /** Of the superuser, for the database `postgres`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, asked to or not, with the way it did. */
  readonly ended: Promise<string>;
  /** Ends all connections and stops, after `limitMs` (default 3000) without finishing its work. */
  stop(limitMs?: number): Promise<void>;
}

// Recovery after a crash comes before the first connection.
const readyMsMax = 60_000;
const connectMsMax = 2000;
// Another program can take the port first, and workers of a killed server need a moment to go.
const startAttemptsMax = 3;

/**
 * Starts a real Postgres on 127.0.0.1. Throws a sentence if it cannot.
 *
 * Lifecycle: it runs in a process group of its own, so Ctrl-C does not reach it and the caller stops it after those
 * who use it. If this process is killed, a guard stops it; if the guard is killed too, the next start does.
 */
export const startPostgres = async (options: PostgresOptions): Promise<Postgres> => {
  const { dataDir, logFile, projectDir, temporary = false } = options;
  const binaries = await findBinaries();
  await makeDir(dataDir);
  const account = await chooseAccount({ binaries, dataDir, ownedBy: [pgDataIn(dataDir), projectDir] });
  const cluster = await ensureCluster({ dataDir, binaries, account, logFile, sync: !temporary });
  await stopLeftover(cluster.pgData);
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const child = await spawnServer(options, account, binaries.postgres, cluster, port);
    const guard = guardProcess(child.pid, { signal: "INT", ...(temporary ? { removeAfter: dataDir } : {}) });
    const adminUrl = `postgres://${superuser}:${cluster.password}@127.0.0.1:${port}/postgres`;
    const stop = async (limitMs = 3000): Promise<void> => {
      await child.stop(stopSteps(limitMs));
      await guard.dismiss();
      if (temporary) await rm(dataDir, { recursive: true, force: true });
    };
    try {
      if (await answers(child, adminUrl, dataDir)) {
        return { adminUrl, port, pid: child.pid, ended: child.ended, stop, [Symbol.asyncDispose]: () => stop() };
      }
    } catch (error) {
      await stop();
      throw error;
    }
    await guard.dismiss();
    if (attempt === startAttemptsMax) throw await startFailure(child, dataDir);
  }
};

/** SIGINT ends connections and writes a checkpoint; SIGQUIT leaves that to the next start, and loses nothing either. */
const stopSteps = (limitMs: number) =>
  [
    { signal: "SIGINT", waitMs: limitMs },
    { signal: "SIGQUIT", waitMs: 1000 },
    { signal: "SIGKILL", waitMs: 1000 },
  ] as const;

const makeDir = async (dataDir: string): Promise<void> => {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Sentence(`unable to create the folder ${dataDir}; ${reasonOf(error)}`);
  }
};

const spawnServer = (
  { logFile, settings = {}, temporary = false }: PostgresOptions,
  account: Account,
  postgres: string,
  { pgData }: Cluster,
  port: number,
): Promise<Child> => {
  const all = {
    listen_addresses: "127.0.0.1",
    // The path of a socket file has a limit of about 100 bytes that a deep folder exceeds.
    unix_socket_directories: "",
    ...(temporary ? { fsync: "off", full_page_writes: "off", synchronous_commit: "off" } : {}),
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const args = ["-D", pgData, "-p", String(port), ...flags];
  return startChild({ name: "Postgres", ...account.wrap(postgres, args), env: postgresEnv(), cwd: "/", logFile });
};

/** Waits until a connection works. Answers false if the server has ended instead. */
const answers = async (child: Child, adminUrl: string, dataDir: string): Promise<boolean> => {
  const ready = await waitUntil(async () => child.hasEnded() || (await canConnect(adminUrl, dataDir)), {
    limitMs: readyMsMax,
  });
  if (!ready) throw new Sentence(`unable to start Postgres; it did not answer within 60 s; see ${child.logFile}`);
  return !child.hasEnded();
};

const canConnect = async (adminUrl: string, dataDir: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: connectMsMax });
  // The connection may break at any time while the server starts; `connect` or `query` tells.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select");
    return true;
  } catch (error) {
    // Class 28: it runs, but does not know our password.
    if (codeOf(error)?.startsWith("28")) throw broken(dataDir, "the password does not fit the data");
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
};

const startFailure = async (child: Child, dataDir: string): Promise<Sentence> => {
  const lines = await lastLines(child.logFile, 50, child.logStart);
  const log = lines.join("\n");
  if (/no space left/i.test(log))
    return new Sentence(`unable to start Postgres; the disk is full; see ${child.logFile}`);
  const last = lines.findLast((line) => /(FATAL|PANIC):/.test(line)) ?? lines.at(-1) ?? (await child.ended);
  const words = last.replace(/^.*?(FATAL|PANIC|postgres): */, "");
  return broken(dataDir, `it does not start on the data (${words}; details in ${child.logFile})`);
};
