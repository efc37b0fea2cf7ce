import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";

const migrationsDir = fileURLToPath(new URL("../../migrations", import.meta.url));
/** How long a statement of a migration waits for a lock before it gives way to the traffic and tries again. */
const lockWaitMs = 3000;
const attemptsMax = 10;

export interface MigrateOptions {
  /** A role that may create roles and owns, or may create, the schema `sendsar`. */
  readonly databaseUrl: string;
}

/**
 * Brings the database to the newest schema: plain SQL files, forward only, each in a transaction of its own. Safe to
 * repeat and to run twice at once (an advisory lock lets the second one wait). A migration that cannot get a lock
 * within seconds steps aside and is tried again, so that it never makes the traffic queue behind it.
 */
export const migrate = async ({ databaseUrl }: MigrateOptions): Promise<{ readonly applied: readonly string[] }> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sendsar-migrate" });
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${lockWaitMs}; set client_min_messages = warning`);
    for (let attempt = 1; ; attempt++) {
      try {
        const applied = await runner({
          dbClient: client,
          dir: migrationsDir,
          direction: "up",
          migrationsTable: "migrations",
          schema: "sendsar",
          createSchema: true,
          singleTransaction: false,
          advisoryLockMode: "wait",
          logger: quiet,
        });
        return { applied: applied.map((migration) => migration.name) };
      } catch (error) {
        if ((error as { code?: string }).code !== "55P03" || attempt === attemptsMax) throw error;
      }
    }
  } finally {
    await client.end();
  }
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
