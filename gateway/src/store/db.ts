import pg from "pg";
import { limits } from "@sendsar/protocol/limits";
import { toStoreError } from "./store-error.ts";

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
 * travel together and cost one round trip. Errors are `StoreError`s; `unavailable` ones may be tried again.
 */
export interface Db {
  /** Runs one statement in the tenant's context and answers its rows. */
  query<R = Row>(tenantId: string, statement: Statement, values: readonly unknown[]): Promise<R[]>;
  /** Runs several statements, none of which needs another's result, in one transaction and one round trip. */
  batch(tenantId: string, queries: readonly Query[]): Promise<Row[][]>;
  /** Whose key has this SHA-256? Runs without a tenant: the policy shows the one row that has the hash. */
  findKeyOwner<R = Row>(statement: Statement, keyHash: Buffer): Promise<R | undefined>;
  /** Answers once a trivial statement came back. */
  ping(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DbOptions {
  readonly databaseUrl: string;
  readonly poolMax: number;
  /** Role to work as, when the login is a member of it and more. */
  readonly role?: "sendsar_provisioner";
  /** Told of connections that broke while idle; the pool replaces them by itself. */
  readonly onConnectionError: (error: Error) => void;
}

/** Opens a pool of connections. Nothing is connected before the first call. */
export const openDb = ({ databaseUrl, poolMax, role, onConnectionError }: DbOptions): Db => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: poolMax,
    application_name: "sendsar-gateway",
    connectionTimeoutMillis: limits.connectionWaitMsMax,
    query_timeout: limits.queryMsMax,
    keepAlive: true,
    pipeline: true,
    ...(role && { options: `-c role=${role} -c search_path=sendsar,pg_temp` }),
    types: { getTypeParser: parserOf },
  } as pg.PoolConfig);
  pool.on("error", onConnectionError);
  // Without a listener of its own, a connection that breaks while it is checked out would end the process.
  pool.on("connect", (client) => client.on("error", onConnectionError));

  const inTransaction = async (context: Query, queries: readonly Query[]): Promise<Row[][]> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw toStoreError(error);
    });
    let broken: Error | undefined;
    try {
      const sent = [
        client.query("begin"),
        client.query({ ...context.statement, values: [...context.values] }),
        ...queries.map(({ statement, values }) => client.query<Row>({ ...statement, values: [...values] })),
        client.query("commit"),
      ];
      const results = await Promise.allSettled(sent);
      const failed = results.find((result) => result.status === "rejected");
      if (failed) {
        const error = toStoreError(failed.reason);
        if (error.kind === "unavailable") broken = error;
        throw error;
      }
      return results.slice(2, -1).map((result) => (result.status === "fulfilled" ? result.value.rows : []));
    } finally {
      // A connection whose state is in doubt is closed, not given back.
      client.release(broken);
    }
  };

  return {
    async query<R>(tenantId: string, statement: Statement, values: readonly unknown[]) {
      const [rows] = await inTransaction(asTenant(tenantId), [{ statement, values }]);
      return (rows ?? []) as R[];
    },
    batch: (tenantId, queries) => inTransaction(asTenant(tenantId), queries),
    async findKeyOwner<R>(statement: Statement, keyHash: Buffer) {
      const context = { statement: setKeyHash, values: [keyHash.toString("hex")] };
      const [rows] = await inTransaction(context, [{ statement, values: [keyHash] }]);
      return rows?.[0] as R | undefined;
    },
    async ping() {
      await inTransaction(asTenant(""), []);
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
    },
  };
};

const setTenant: Statement = { name: "set-tenant", text: "select set_config('sendsar.tenant_id', $1, true)" };
const setKeyHash: Statement = { name: "set-key-hash", text: "select set_config('sendsar.key_hash', $1, true)" };

const asTenant = (tenantId: string): Query => ({ statement: setTenant, values: [tenantId] });

const int8 = 20;
const timestamptz = 1184;

/** Counters fit a double; times travel as ISO text, which is what the contract sends. */
const parserOf = (oid: number, format?: "text" | "binary"): ((value: string) => unknown) => {
  if (oid === int8) return Number;
  if (oid === timestamptz) return (value) => new Date(value).toISOString();
  return pg.types.getTypeParser(oid, format ?? "text");
};
