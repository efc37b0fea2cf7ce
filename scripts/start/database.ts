import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { homeFailure, projectDir } from "./home.ts";
import type { Home } from "./home.ts";
import { pgDataIn } from "../postgres/cluster.ts";
import { stopLeftover } from "../postgres/leftover.ts";
import { startPostgres } from "../postgres/start-postgres.ts";
import { Sentence, reasonOf } from "../process/sentence.ts";

/** The database of a running stack. */
export interface StackDatabase {
  /** Of a role that may create roles and schemas. */
  readonly adminUrl: string;
  /** Resolves when an embedded Postgres has ended; never for one that is not ours. */
  readonly ended: Promise<string>;
  /** Stops an embedded Postgres within about `limitMs`; leaves any other alone. */
  stop(limitMs: number): Promise<void>;
}

const databaseName = "sendsar";
const connectMsMax = 10_000;

/** Starts the embedded Postgres and makes our database in it. */
export const startEmbeddedDatabase = async (home: Home): Promise<StackDatabase> => {
  const logFile = join(home.logsDir, "postgres.log");
  const postgres = await startPostgres({ dataDir: home.postgresDir, logFile, projectDir });
  try {
    return { ...postgres, adminUrl: await ensureDatabase(postgres.adminUrl) };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
};

/** Checks that a Postgres of the reader's answers. */
export const connectToDatabase = async (databaseUrl: string): Promise<StackDatabase> => {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectMsMax });
  try {
    await client.connect();
  } catch (error) {
    const { host, pathname } = new URL(databaseUrl);
    throw new Sentence(`unable to reach the database ${host}${pathname} of DATABASE_URL; ${reasonOf(error)}`);
  }
  await client.end();
  return { adminUrl: databaseUrl, ended: new Promise(() => undefined), stop: async () => undefined };
};

/** Removes the data of the embedded Postgres and what belongs to it. The caller holds the lock of the folder. */
export const removeEmbeddedDatabase = async ({
  dir,
  postgresDir,
  filesDir,
  masterKeyFile,
  devFile,
}: Home): Promise<void> => {
  await stopLeftover(pgDataIn(postgresDir));
  try {
    for (const path of [postgresDir, filesDir, devFile, masterKeyFile])
      await rm(path, { recursive: true, force: true });
    await mkdir(postgresDir, { mode: 0o700 });
  } catch (error) {
    throw homeFailure(dir, error);
  }
};

const ensureDatabase = async (adminUrl: string): Promise<string> => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${databaseName}`;
  return url.href;
};
