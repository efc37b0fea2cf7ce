import type { Db, Query, Statement } from "./db.ts";

/** Which resource of Kubernetes a tenant is bound to. */
export interface BindingOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What must hold, to its end, for a write of the operator to be done. */
export interface Guard {
  /** Number of the leadership: nobody has written under a higher one. Otherwise the write fails as `fenced`. */
  readonly fence: number;
  /** The resource that the tenant is bound to. Otherwise the write fails as `unbound`. */
  readonly owner?: BindingOwner;
}

/** Statements that fail a transaction unless the guard holds, and make it hold until the end. They come first. */
export const guardQueries = (tenantId: string, { fence, owner }: Guard): Query[] => [
  { statement: holdFence, values: [fence] },
  ...(owner ? [{ statement: holdBinding, values: [tenantId, owner.namespace, owner.name, owner.uid] }] : []),
];

const holdFence: Statement = { name: "hold-fence", text: "select hold_fence($1::bigint)" };
const holdBinding: Statement = { name: "hold-binding", text: "select hold_binding($1, $2, $3, $4)" };

/**
 * The same database for somebody whose right to write may have ended: every `batch` is done under the guard or not at all,
 * and `query` only reads. Guard and work are one transaction and one round trip, so there is no moment between the two.
 */
export const guardDb = (db: Db, guard: Guard): Db => ({
  ...db,
  async query<R>(tenantId: string, statement: Statement, values: readonly unknown[]) {
    const [, rows] = await db.batch(tenantId, [onlyReading, { statement, values }]);
    return (rows ?? []) as R[];
  },
  async batch(tenantId, queries, options) {
    const guards = guardQueries(tenantId, guard);
    return (await db.batch(tenantId, [...guards, ...queries], options)).slice(guards.length);
  },
});

/** The highest leadership that anything was written under: what somebody writes under who is no operator. */
export const readFence = async (db: Db): Promise<number> => {
  const [row] = await db.query<{ readonly fence: number }>("*", selectFence, []);
  return row?.fence ?? 0;
};

const selectFence: Statement = { name: "select-fence", text: "select fence from operator_fence" };

const onlyReading: Query = {
  statement: { name: "only-reading", text: "select set_config('transaction_read_only', 'on', true)" },
  values: [],
};
