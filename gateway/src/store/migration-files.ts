import { readFile } from "node:fs/promises";
import type { MigrationBuilder } from "node-pg-migrate";

/** A file with this line is not run in a transaction. */
const outsideMark = /^-- Outside a transaction\.$/m;
const statementEnd = /(?<=;)[^\S\n]*\n/;

/**
 * Reads migrations: plain SQL, forward only, each file in a transaction of its own.
 *
 * A file that says "Outside a transaction." is run statement by statement (each ends with a line), because what is done
 * `concurrently` cannot be in a transaction. It may be ended between any two of them and begun anew, so its statements must
 * bear that; and they wait for locks as long as it takes, so they must be such that nobody queues behind them.
 */
export const readMigrations = ({ lockWaitMs }: { readonly lockWaitMs: number }) => ({
  extensions: [".sql"],
  loader: async (paths: readonly string[]) =>
    await Promise.all(
      paths.map(async (path) => ({
        id: path,
        filePaths: [path],
        actions: { up: steps(await readFile(path, "utf8"), lockWaitMs), down: false as const },
      })),
    ),
});

const steps =
  (sql: string, lockWaitMs: number) =>
  (pgm: MigrationBuilder): void => {
    if (!outsideMark.test(sql)) return pgm.sql(sql);
    pgm.noTransaction();
    pgm.sql("set lock_timeout = 0");
    for (const statement of sql.split(statementEnd)) pgm.sql(statement);
    pgm.sql(`set lock_timeout = ${lockWaitMs}`);
  };
