import type { Admin } from "@sendsar/gateway/store/admin";
import type { Db } from "@sendsar/gateway/store/db";
import { openDb } from "@sendsar/gateway/store/db";
import { migrate } from "@sendsar/gateway/store/migrate";

/** The databases of tenants that have one of their own: migrated when first used, and at most some of them open. */
export interface OwnDatabases extends AsyncDisposable {
  /** Lends the database to work. Throws what `migrate` throws when it cannot be reached, or is not there. */
  use<T>(databaseName: string, work: (db: Db) => Promise<T>): Promise<T>;
  /** Closes it, because it is to be dropped. */
  close(databaseName: string): Promise<void>;
}

export interface OwnDatabasesOptions {
  readonly admin: Admin;
  /** Databases that stay open while nobody uses them; the one that was used longest ago is closed first. */
  readonly idleMax: number;
  readonly onConnectionError: (error: Error) => void;
}

interface OpenDatabase {
  readonly db: Db;
  readonly migrated: Promise<unknown>;
  users: number;
}

export const openOwnDatabases = (options: OwnDatabasesOptions): OwnDatabases => {
  // In the order in which they were used last.
  const open = new Map<string, OpenDatabase>();
  const closing = new Set<Promise<void>>();

  const close = async (name: string): Promise<void> => {
    const found = open.get(name);
    if (!found) return;
    open.delete(name);
    const closed = found.db[Symbol.asyncDispose]();
    closing.add(closed);
    await closed.finally(() => closing.delete(closed));
  };

  const closeIdle = async (): Promise<void> => {
    const idle = [...open].filter(([, { users }]) => users === 0);
    for (const [name] of idle.slice(0, Math.max(0, idle.length - options.idleMax))) await close(name);
  };

  return {
    async use(name, work) {
      const used = open.get(name) ?? openOne(options, name);
      open.delete(name);
      open.set(name, used);
      used.users++;
      try {
        await used.migrated.catch(async (error: unknown) => {
          // The next one tries again.
          await close(name);
          throw error;
        });
        return await work(used.db);
      } finally {
        used.users--;
        await closeIdle();
      }
    },
    close,
    async [Symbol.asyncDispose]() {
      await Promise.all([...[...open.keys()].map(close), ...closing]);
    },
  };
};

const openOne = ({ admin, onConnectionError }: OwnDatabasesOptions, name: string): OpenDatabase => {
  const databaseUrl = admin.urlOf(name);
  const migrated = migrate({ databaseUrl });
  migrated.catch(() => undefined);
  return {
    db: openDb({ databaseUrl, poolMax: 2, role: "sendsar_provisioner", onConnectionError }),
    migrated,
    users: 0,
  };
};
