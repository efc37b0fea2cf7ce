import pg from "pg";
import { waitUntil } from "../process/wait.ts";

/** A lock that somebody else holds in the database. Disposing gives it back. */
export interface HeldLock extends AsyncDisposable {
  /** Resolves once this many connections wait for it. */
  waitedForBy(connections: number): Promise<void>;
  /** Ends the transaction that holds it. Safe to repeat. */
  release(): Promise<void>;
}

/** Takes whatever locks a statement takes, in a transaction of its own, on a connection of its own. */
export const holdLock = async (adminUrl: string, statement: string): Promise<HeldLock> => {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-lock" });
  await client.connect();
  await client.query("begin");
  await client.query(statement);
  let released: Promise<void> | undefined;
  const release = (): Promise<void> =>
    (released ??= (async () => {
      await client.query("rollback");
      await client.end();
    })());
  return {
    release,
    async waitedForBy(connections) {
      let seen = 0;
      const reached = await waitUntil(
        async () => {
          const { rows } = await client.query<{ seen: number }>(selectWaiting);
          seen = rows[0]?.seen ?? 0;
          return seen >= connections;
        },
        { limitMs: 4000 },
      );
      if (!reached) throw new Error(`unable to see ${connections} connections wait for the lock; there are ${seen}`);
    },
    [Symbol.asyncDispose]: release,
  };
};

// Not from pg_stat_activity: a transaction sees that as it was at the first look.
const selectWaiting = `
  select count(distinct pid)::int as seen
  from pg_locks
  where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`;
