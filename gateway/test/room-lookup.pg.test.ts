import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { clearMessages } from "../src/store/room-deletion.ts";
import type { RoomFilter } from "../src/store/rooms.ts";
import { toListQuery } from "../src/store/rooms.ts";

const rooms = 5000;
const messagesPerRoom = 10;
const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-000000002500";
const at = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  // A tenant that is new, in tables of which the statistics say nothing yet. Every fifth room is there, the others are
  // deleted; one user is in all that are there.
  await runOn(
    database.adminUrl,
    ...["rooms", "messages", "participants", "uploads", "upload_uses"].map((table) => {
      return `alter table sendsar.${table} set (autovacuum_enabled = false)`;
    }),
    "insert into sendsar.tenants (tenant_id, name) values ('new', 'New')",
    "insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at) values ('new', 'u', 'U', now(), now())",
    `insert into sendsar.rooms (tenant_id, room_id, kind, external_id, last_event_at, activity_at, created_at, deleted_at)
      select 'new', ('0b9f6a3e-6a0e-4d0a-9a5e-' || lpad(n::text, 12, '0'))::uuid, 'group', 'room:' || n, now(),
        timestamptz '2026-01-01Z' + n * interval '1 s', now(), case when n % 5 <> 0 then now() end
      from generate_series(1, ${rooms}) n`,
    `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at, last_read_seq, last_read_at)
      select tenant_id, room_id, 'u', 'MEMBER', now(), 5, now() from sendsar.rooms where deleted_at is null`,
    `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal,
        created_at)
      select tenant_id, room_id, n, gen_random_uuid(), 'u', gen_random_uuid(), '[]', n, now()
      from sendsar.rooms, generate_series(1, ${messagesPerRoom}) n`,
    `update sendsar.rooms set deleted_at = now() where room_id = '${roomId}'`,
  );
  client = new pg.Client({ connectionString: database.gatewayUrl });
  await client.connect();
  // The plan that has to serve all values: the one that a statement gets when it has been used for a while.
  await client.query("set plan_cache_mode = force_generic_plan");
  await client.query("select set_config('sendsar.tenant_id', 'new', false)");
});
afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

interface Node {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly Node[];
}

let prepared = 0;
/** Runs a statement, in a transaction that is taken back, and answers its plan, with what was really read. */
const explain = async (text: string, values: readonly unknown[]): Promise<Node> => {
  const name = `lookup_${prepared++}`;
  await client.query(`prepare ${name} as ${text}`);
  const literals = values.map((value) =>
    Array.isArray(value)
      ? `array[${value.map((one) => pg.escapeLiteral(String(one))).join()}]`
      : pg.escapeLiteral(String(value)),
  );
  await client.query("begin");
  const { rows: answer } = await client.query<{ "QUERY PLAN": readonly [{ readonly Plan: Node }] }>(
    `explain (analyze, format json) execute ${name} (${literals.join()})`,
  );
  await client.query("rollback");
  const plan = answer[0]?.["QUERY PLAN"][0].Plan;
  if (!plan) throw new Error("explain answered no plan");
  return plan;
};

/** Rows that were read from tables and were not the ones that were looked for. */
const discarded = (node: Node): number =>
  ((node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Join Filter"] ?? 0)) * node["Actual Loops"] +
  (node.Plans ?? []).reduce((sum, child) => sum + discarded(child), 0);

test.for<readonly [string, Omit<RoomFilter, "limit">, number]>([
  ["the first page of all rooms, past any number of deleted ones", {}, 31],
  ["a later page", { after: { activityAt: at(4000), roomId } }, 31],
  ["a user's list", { viewerId: "u" }, 31],
  ["one externalId", { externalId: "room:1000" }, 1],
  ["an externalId that no room has", { externalId: "none" }, 0],
  ["one externalId in a user's list", { viewerId: "u", externalId: "room:1000" }, 1],
])(
  "%s: found without reading others, also for a tenant that the statistics do not know",
  async ([, filter, rowCount]) => {
    const { statement, values } = toListQuery("new", { ...filter, limit: 30 });
    const plan = await explain(statement.text, values);
    expect(plan["Actual Rows"]).toBe(rowCount);
    expect(discarded(plan), JSON.stringify(plan, undefined, 1)).toBe(0);
  },
);

test("what is left of one deleted room is found without reading the messages of others", async () => {
  const plan = await explain(clearMessages.text, ["new", roomId, 10_000]);
  expect(discarded(plan), JSON.stringify(plan, undefined, 1)).toBe(0);
});
