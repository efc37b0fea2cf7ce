import pg from "pg";
import type { CallOptions, Query } from "../../gateway/src/store/db.ts";

/** What a statement really read. */
export interface QueryPlan {
  /** Rows that were read from tables and indexes, those that were then thrown away among them. */
  readonly rowsRead: number;
  readonly rowsDiscarded: number;
  /** For people. */
  readonly text: string;
}

/** `custom`: planned for these values; `generic`: planned once for any, as Postgres does for a statement used often. */
export type PlanMode = "custom" | "generic";

/** The ways in which Postgres may plan a statement that was sent so. */
export const planModesOf = ({ plan }: Pick<CallOptions, "plan"> = {}): readonly PlanMode[] => {
  if (plan === "once") return ["generic"];
  return plan === "anew" ? ["custom"] : ["custom", "generic"];
};

export interface ExplainOptions {
  /** Called once the statement was planned and run: it is explained after that, by the plan that Postgres remembers. */
  readonly meanwhile?: () => Promise<void>;
}

/** Runs a statement as a gateway does, with a login of its own, takes back what it did, and tells how it was done. */
export const explainQuery = async (
  gatewayUrl: string,
  tenantId: string,
  { statement, values }: Query,
  mode: PlanMode,
  { meanwhile }: ExplainOptions = {},
): Promise<QueryPlan> => {
  const client = new pg.Client({ connectionString: gatewayUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('sendsar.tenant_id', $1, true)", [tenantId]);
    await client.query(`set local plan_cache_mode = force_${mode}_plan`);
    await client.query("set local enable_seqscan = off");
    await client.query(`prepare asked as ${statement.text}`);
    const call = `execute asked${values.length > 0 ? `(${values.map(toLiteral).join(", ")})` : ""}`;
    if (meanwhile) {
      await client.query(call);
      await meanwhile();
    }
    const { rows } = await client.query<{ "QUERY PLAN": readonly [{ readonly Plan: PlanNode }] }>(
      `explain (analyze, format json) ${call}`,
    );
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    if (!plan) throw new Error("unable to explain a statement; there is no plan");
    return { rowsRead: readBy(plan), rowsDiscarded: discardedBy(plan), text: JSON.stringify(plan, undefined, 1) };
  } finally {
    await client.end();
  }
};

interface PlanNode {
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

const removedBy = (node: PlanNode): number =>
  ((node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Join Filter"] ?? 0)) * node["Actual Loops"];

const discardedBy = (node: PlanNode): number =>
  removedBy(node) + (node.Plans ?? []).reduce((sum, child) => sum + discardedBy(child), 0);

const readBy = (node: PlanNode): number => {
  const own = node["Relation Name"] === undefined ? 0 : node["Actual Rows"] * node["Actual Loops"] + removedBy(node);
  return own + (node.Plans ?? []).reduce((sum, child) => sum + readBy(child), 0);
};

const toLiteral = (value: unknown): string => {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map((one) => JSON.stringify(one)).join()}}`);
  return typeof value === "number" ? String(value) : pg.escapeLiteral(`${value as string}`);
};
