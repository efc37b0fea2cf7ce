import type { Db, Query } from "./db.ts";

/**
 * Reads of one tenant that are asked for in the same turn of the event loop share a transaction, and so its begin, its
 * context, its commit and its round trip: when many clients come back at once these cost more than the reading.
 *
 * Only for reads that no other depends on: they share one end, and when one fails all of them do. At most `sharedMax`
 * go together.
 */
export type SharedReads = Pick<Db, "query">;

const sharedMax = 32;

interface Asked {
  readonly query: Query;
  readonly resolve: (rows: never[]) => void;
  readonly reject: (error: unknown) => void;
}

export const createSharedReads = (db: Pick<Db, "batch">): SharedReads => {
  const waiting = new Map<string, Asked[]>();

  const flush = async (tenantId: string): Promise<void> => {
    const asked = waiting.get(tenantId) ?? [];
    waiting.delete(tenantId);
    try {
      const results = await db.batch(
        tenantId,
        asked.map(({ query }) => query),
      );
      for (const [index, { resolve }] of asked.entries()) resolve((results[index] ?? []) as never[]);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };

  return {
    query<R>(tenantId: string, statement: Query["statement"], values: readonly unknown[]) {
      return new Promise<R[]>((resolve, reject) => {
        const asked = waiting.get(tenantId);
        const mine: Asked = { query: { statement, values }, resolve, reject };
        if (asked && asked.length < sharedMax) {
          asked.push(mine);
          return;
        }
        if (asked) void flush(tenantId);
        waiting.set(tenantId, [mine]);
        setImmediate(() => {
          if (waiting.get(tenantId)?.[0] === mine) void flush(tenantId);
        });
      });
    },
  };
};
