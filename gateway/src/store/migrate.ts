import { readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { PG_MIGRATE_LOCK_ID, runner } from "node-pg-migrate";
import pg from "pg";
import { readMigrations } from "./migration-files.ts";
import { migrationsDir } from "./migrations-dir.ts";

const turnPollMs = 50;
/**
 * How long a statement of a migration waits for a lock before it gives way to the traffic: whoever comes after it queues
 * behind it, and they all have to be served before the next try.
 */
const lockWaitMs = 300;
const betweenTriesMs = 1000;
/** Outlasts a report or a backup of some minutes. */
const attemptsMax = 300;

export interface MigrateOptions {
  /** A role that may create roles and owns, or may create, the schema `sendsar`. */
  readonly databaseUrl: string;
  /** Where the files are. Default: those of this build. */
  readonly dir?: string;
  /** Milliseconds to wait for another one that migrates the same database. Default: a minute. */
  readonly turnWaitMs?: number;
}

/**
 * Brings the database to the newest schema: plain SQL files, forward only, each in a transaction of its own but
 * for those that say otherwise. Safe to repeat and to run twice at once (an advisory lock lets the second one wait). A
 * migration that does not get a lock at once steps aside and is tried again, so that the traffic never queues behind it for
 * long. Answers the names of the migrations that it applied. Throws a sentence.
 */
export const migrate = async ({
  databaseUrl,
  dir = migrationsDir,
  turnWaitMs = 60_000,
}: MigrateOptions): Promise<{ readonly applied: readonly string[] }> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sendsar-migrate" });
  try {
    await client.connect();
    await client.query(`set client_min_messages = warning; set lock_timeout = ${lockWaitMs}`);
    await takeTurn(client, turnWaitMs);
    const before = await listApplied(client);
    await applyAll(client, dir);
    const after = await listApplied(client);
    return { applied: after.filter((name) => !before.includes(name)) };
  } catch (error) {
    throw new Error(`unable to migrate the database; ${reasonOf(error)}`, { cause: error });
  } finally {
    await client.end();
  }
};

/**
 * Takes the lock that lasts until the connection ends. It is asked for again and again: a statement that waits for it would be
 * waited for by an index that is built concurrently, for ever.
 */
const takeTurn = async (client: pg.Client, turnWaitMs: number): Promise<void> => {
  const deadline = performance.now() + turnWaitMs;
  for (;;) {
    const { rows } = await client.query<{ ours: boolean }>(
      `select pg_try_advisory_lock(${PG_MIGRATE_LOCK_ID}) as ours`,
    );
    if (rows[0]?.ours) return;
    if (performance.now() > deadline) throw new Error(`another one has been migrating it for ${turnWaitMs / 1000} s`);
    await wait(turnPollMs);
  }
};

const applyAll = async (client: pg.Client, dir: string): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await runner({
        dbClient: client,
        dir,
        migrationLoaderStrategies: [readMigrations({ lockWaitMs })],
        direction: "up",
        migrationsTable: "migrations",
        schema: "sendsar",
        createSchema: true,
        singleTransaction: false,
        noLock: true,
        logger: quiet,
      });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "55P03" || attempt === attemptsMax) throw error;
      // The runner leaves a failed migration's transaction open.
      await client.query("rollback");
      await wait(betweenTriesMs);
    }
  }
};

const listApplied = async (client: pg.Client): Promise<string[]> => {
  const { rowCount } = await client.query("select where to_regclass('sendsar.migrations') is not null");
  if (rowCount === 0) return [];
  const { rows } = await client.query<{ name: string }>("select name from sendsar.migrations order by id");
  return rows.map(({ name }) => name);
};

/** A name with several addresses fails with one error for each of them, and none of its own. */
const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
};

/** Name of the newest migration that this build knows. */
export const newestMigration = (): string => {
  const newest = readdirSync(migrationsDir)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new Error(`unable to find migrations; ${migrationsDir} holds none`);
  return newest.replace(/\.sql$/, "");
};

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
