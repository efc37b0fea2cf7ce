import pg from "pg";
import { limits } from "@sendsar/protocol/limits";
import type { Query } from "./db.ts";
import type { Guard } from "./guarded-db.ts";
import { guardQueries } from "./guarded-db.ts";
import { endOrCut } from "./pg-client.ts";
import { toStoreError } from "./store-error.ts";

/**
 * Work with the login that owns the databases, for what is no row of a tenant: roles and databases.
 *
 * Concurrency: `hold` and `look` take one connection of a small pool for as long as their work takes, `session` opens one of
 * its own: work inside a hold uses that, so that it never waits for another hold. Errors of Postgres are `StoreError`s.
 */
export interface Admin extends AsyncDisposable {
  /**
   * Runs work in a transaction on the shared database under a guard, which holds until the work is done: whoever wants to
   * lead, or to take the tenant, waits so long. All that the work does with `client` is done with the guard or not at all;
   * for what it does elsewhere the guard is held meanwhile.
   */
  hold<T>(tenantId: string, guard: Guard, work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Runs work in a transaction that only reads: whatever would write fails as `read_only`, and nothing is done. */
  look<T>(databaseName: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Runs work on a connection of its own, to the shared database or to the one of this name, in no transaction. */
  session<T>(databaseName: string | undefined, work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** The URL of the shared database, or of the one with this name, with the same login. */
  urlOf(databaseName: string | undefined): string;
}

export interface AdminOptions {
  readonly databaseUrl: string;
  /** Connections of `hold` at most. */
  readonly poolMax: number;
  /** Told of connections that broke while idle; the pool replaces them by itself. */
  readonly onConnectionError: (error: Error) => void;
}

/** Opens nothing before the first call. */
export const openAdmin = ({ databaseUrl, poolMax, onConnectionError }: AdminOptions): Admin => {
  const urlOf = (databaseName: string | undefined): string => {
    if (databaseName === undefined) return databaseUrl;
    const url = new URL(databaseUrl);
    url.pathname = `/${databaseName}`;
    return url.href;
  };
  const pool = new pg.Pool({ ...settings, connectionString: databaseUrl, max: poolMax });
  pool.on("error", onConnectionError);
  pool.on("connect", (client) => void client.on("error", onConnectionError));

  const inTransaction = async <T>(
    end: "commit" | "rollback",
    work: (client: pg.ClientBase) => Promise<T>,
  ): Promise<T> => {
    const client = await pool.connect().catch(throwStoreError);
    let broken: Error | undefined;
    try {
      const result = await work(client);
      await client.query(end);
      return result;
    } catch (error) {
      await client.query("rollback").catch((failure: Error) => void (broken = failure));
      throw toStoreError(error);
    } finally {
      client.release(broken);
    }
  };

  const session: Admin["session"] = async (databaseName, work) => {
    const client = new pg.Client({ ...settings, connectionString: urlOf(databaseName) });
    client.on("error", onConnectionError);
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      await endOrCut(client);
    }
  };

  return {
    urlOf,
    hold: (tenantId, guard, work) =>
      inTransaction("commit", async (client) => {
        await begin(client, tenantId, guard);
        return await work(client);
      }),
    look(databaseName, work) {
      const reading = async (client: pg.ClientBase) => {
        await client.query("begin read only");
        return await work(client);
      };
      return databaseName === undefined ? inTransaction("rollback", reading) : session(databaseName, reading);
    },
    session,
    [Symbol.asyncDispose]: () => pool.end(),
  };
};

/** Begins a transaction in the tenant's context, under the guard. */
export const begin = async (client: pg.ClientBase, tenantId: string, guard: Guard): Promise<void> => {
  await client.query("begin");
  await client.query("select set_config('sendsar.tenant_id', $1, true)", [tenantId]);
  await runAsProvisioner(client, guardQueries(tenantId, guard));
};

/** Statements on rows, inside a transaction: what the login itself may see of those is nobody's promise. */
export const runAsProvisioner = async (client: pg.ClientBase, queries: readonly Query[]): Promise<pg.QueryResult[]> => {
  const results: pg.QueryResult[] = [];
  await client.query("set local role sendsar_provisioner");
  for (const { statement, values } of queries) results.push(await client.query(statement.text, [...values]));
  await client.query("set local role none");
  return results;
};

const throwStoreError = (error: unknown): never => {
  throw toStoreError(error);
};

/** Making or dropping a database copies files, and waits for the disk. */
const statementMsMax = 60_000;

const settings = {
  application_name: "sendsar-provisioner",
  connectionTimeoutMillis: limits.connectionWaitMsMax,
  options: `-c search_path=sendsar,pg_temp -c lock_timeout=${limits.lockWaitMsMax} -c statement_timeout=${statementMsMax}`,
};
