import pg from "pg";
import { limits } from "@sendsar/protocol/limits";
import { cut, sendTogether } from "./pg-client.ts";
import { StoreError, toStoreError } from "./store-error.ts";

/** One prepared statement: parsed once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A statement with its values, ready to send. */
export interface Query {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

type Row = Record<string, unknown>;

/**
 * Access to the tenants' rows. Every statement runs inside a transaction whose context names one tenant, so row-level
 * security shows and accepts that tenant's rows only, whatever the statement says.
 *
 * Concurrency: a call takes one connection of the pool for one transaction. Statements of a call are pipelined: they
 * travel together and cost one round trip. Errors are `StoreError`s; `isTransient` tells which may be tried again.
 * Limits: a call ends within `queryMsMax`, the wait for a connection included, whatever the server does; more than
 * `connectionWaitersMax` calls do not wait. The server itself gives up earlier, so that a statement which nobody waits
 * for any more does not go on there: after `lockWaitMsMax` for a lock, `statementMsMax` in all.
 */
export interface Db {
  /**
   * The context in which to look for work: `*`, which is no tenant and in which a few policies show something of all; or the
   * one tenant that this process serves.
   */
  readonly everywhere: string;
  /** Runs one statement in the tenant's context and answers its rows. */
  query<R = Row>(tenantId: string, statement: Statement, values: readonly unknown[]): Promise<R[]>;
  /** Runs several statements, none of which needs another's result, in one transaction and one round trip. */
  batch(tenantId: string, queries: readonly Query[], options?: CallOptions): Promise<Row[][]>;
  /** Whose key has this SHA-256? Runs without a tenant: the policy shows the one row that has the hash. */
  findKeyOwner<R = Row>(statement: Statement, keyHash: Buffer): Promise<R | undefined>;
  /** Answers once a trivial statement came back. */
  ping(): Promise<void>;
  /** Connections now: of the pool, those that work, and calls that wait for one. */
  connections(): { readonly open: number; readonly busy: number; readonly waiting: number };
  /** Closes all connections, cutting those that take longer than `closeMsMax`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CallOptions {
  /** Milliseconds that the call may take, instead of `queryMsMax`. With more, the server too gives it so much longer. */
  readonly msMax?: number;
  /** Milliseconds that it may wait for a lock, when less than `lockWaitMsMax`. */
  readonly lockMsMax?: number;
  /**
   * When Postgres is to plan its statements, if not as it thinks best.
   * `once`: for each connection, not anew for the values of each call. For statements whose planning costs more than their
   * work.
   * `anew`: for each call, not as it was best when the table was small. For statements that come seldom.
   */
  readonly plan?: "once" | "anew";
}

export interface DbOptions {
  readonly databaseUrl: string;
  readonly poolMax: number;
  /** The one tenant that is served; all are when absent. */
  readonly onlyTenantId?: string | undefined;
  /** Role to work as, when the login is a member of it and more. */
  readonly role?: "sendsar_provisioner";
  /** Told of connections that broke while idle; the pool replaces them by itself. */
  readonly onConnectionError: (error: Error) => void;
}

/** Opens a pool of connections. Nothing is connected before the first call. */
export const openDb = ({ databaseUrl, poolMax, onlyTenantId, role, onConnectionError }: DbOptions): Db => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: poolMax,
    application_name: "sendsar-gateway",
    connectionTimeoutMillis: limits.connectionWaitMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    pipeline: true,
    ...(role && { options: `-c role=${role} -c search_path=sendsar,pg_temp` }),
    types: { getTypeParser: parserOf },
  } as pg.PoolConfig);
  pool.on("error", onConnectionError);
  // Without a listener of its own, a connection that breaks while it is checked out would end the process.
  const closed = new Map<pg.PoolClient, Promise<void>>();
  pool.on("connect", (client) => {
    client.on("error", onConnectionError);
    const end = new Promise<void>((resolve) => client.once("end", resolve));
    closed.set(
      client,
      end.then(() => void closed.delete(client)),
    );
  });

  const requireClient = async (): Promise<pg.PoolClient> => {
    if (pool.waitingCount >= limits.connectionWaitersMax) {
      throw new StoreError("unavailable", new Error("unable to get a connection; too many calls wait for one"));
    }
    try {
      return await pool.connect();
    } catch (error) {
      throw toStoreError(error);
    }
  };

  const inTransaction = async (
    context: Query,
    queries: readonly Query[],
    { msMax = limits.queryMsMax }: CallOptions = {},
  ): Promise<Row[][]> => {
    const deadline = performance.now() + msMax;
    const client = await requireClient();
    let doubt: Error | undefined;
    try {
      const sent = sendTogether(client, () => [
        client.query("begin"),
        client.query({ ...context.statement, values: [...context.values] }),
        ...queries.map(({ statement, values }) => client.query<Row>({ ...statement, values: [...values] })),
        // All of them are answered once this one is; when it is not in time, the driver cuts the connection.
        client.query({ text: "commit", query_timeout: Math.max(1, deadline - performance.now()) } as pg.QueryConfig),
      ]);
      const results = await Promise.allSettled(sent);
      const failed = results.find((result) => result.status === "rejected");
      if (failed) {
        const error = toStoreError(failed.reason);
        if (error.kind === "unavailable") doubt = error;
        throw error;
      }
      return results.slice(2, -1).map((result) => (result.status === "fulfilled" ? result.value.rows : []));
    } finally {
      // A connection whose state is in doubt is closed, not given back.
      client.release(doubt);
    }
  };

  return {
    everywhere: onlyTenantId ?? "*",
    async query<R>(tenantId: string, statement: Statement, values: readonly unknown[]) {
      const [rows] = await inTransaction(asTenant(tenantId), [{ statement, values }]);
      return (rows ?? []) as R[];
    },
    batch: (tenantId, queries, options) => inTransaction(asTenant(tenantId, options), queries, options),
    async findKeyOwner<R>(statement: Statement, keyHash: Buffer) {
      const { lockWaitMsMax, statementMsMax } = limits;
      const context = { statement: setKeyHash, values: [keyHash.toString("hex"), lockWaitMsMax, statementMsMax] };
      const [rows] = await inTransaction(context, [{ statement, values: [keyHash] }]);
      return rows?.[0] as R | undefined;
    },
    async ping() {
      await inTransaction(asTenant(""), []);
    },
    connections: () => ({
      open: pool.totalCount,
      busy: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
    }),
    async [Symbol.asyncDispose]() {
      // A server that is away neither finishes what is under way nor says goodbye.
      const cutter = setInterval(() => [...closed.keys()].forEach(cut), closeMsMax);
      await pool.end();
      await Promise.all(closed.values());
      clearInterval(cutter);
    },
  };
};

/** After so much silence the system looks whether the server is still there. */
const keepAliveMs = 10_000;
const closeMsMax = 500;

// In the transaction and not of the session: behind a pooler the session is somebody else's the next time.
// And nothing goes through a whole table: all that is asked here is little of much, and a plan that was remembered from when
// there was little would read it all. Where there is no other way, servers before 18 take it for so costly that they compile it.
const setLimits = `
  set_config('lock_timeout', $2, true),
  set_config('statement_timeout', $3, true),
  set_config('enable_seqscan', 'off', true),
  set_config('jit', 'off', true)`;

const setTenant: Statement = {
  name: "set-tenant",
  text: `select set_config('sendsar.tenant_id', $1, true), ${setLimits}`,
};
const setKeyHash: Statement = {
  name: "set-key-hash",
  text: `select set_config('sendsar.key_hash', $1, true), ${setLimits}`,
};

const contexts = {
  default: setTenant,
  once: {
    name: "set-tenant-and-plan-once",
    text: `${setTenant.text}, set_config('plan_cache_mode', 'force_generic_plan', true)`,
  },
  anew: {
    name: "set-tenant-and-plan-anew",
    text: `${setTenant.text}, set_config('plan_cache_mode', 'force_custom_plan', true)`,
  },
} as const satisfies Record<string, Statement>;

const asTenant = (
  tenantId: string,
  { msMax = limits.queryMsMax, lockMsMax = limits.lockWaitMsMax, plan }: CallOptions = {},
): Query => ({
  statement: contexts[plan ?? "default"],
  values: [tenantId, Math.round(lockMsMax), limits.statementMsMax + Math.max(0, msMax - limits.queryMsMax)],
});

const int8 = 20;
const timestamptz = 1184;

/** Counters fit a double; times travel as ISO text, which is what the contract sends. */
const parserOf = (oid: number, format?: "text" | "binary"): ((value: string) => unknown) => {
  if (oid === int8) return Number;
  if (oid === timestamptz) return (value) => new Date(value).toISOString();
  return pg.types.getTypeParser(oid, format ?? "text");
};
