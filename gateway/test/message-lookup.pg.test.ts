import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { selectRoomLog } from "../src/store/log.ts";
import { selectNewer, selectOlder } from "../src/store/message-page.ts";
import { changeStatements } from "../src/store/message-changes.ts";
import { messageColumns, messageTables, selectMessage, selectPinned } from "../src/store/messages.ts";

const messages = 3000;
const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const lastId = "0b9f6a3e-6a0e-4d0a-9a5e-000000003000";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  // A tenant that is new, in tables of which the statistics say nothing yet. Of every message there are three events: it
  // was sent, and much later, in another order, edited and reacted to. Each answers the one before it.
  await runOn(
    database.adminUrl,
    ...["messages", "events", "participants"].map((table) => {
      return `alter table sendsar.${table} set (autovacuum_enabled = false)`;
    }),
    "insert into sendsar.tenants (tenant_id, name) values ('new', 'New')",
    "insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at) values ('new', 'u', 'U', now(), now())",
    `insert into sendsar.rooms (tenant_id, room_id, kind, last_seq, last_event_at, activity_at, created_at)
      values ('new', '${roomId}', 'group', ${messages * 3}, now(), now(), now())`,
    "insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at) values ('new', 'c', 'C', now(), now())",
    // One of them has cleared nearly all of it.
    `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at, cleared_seq)
      values ('new', '${roomId}', 'u', 'MEMBER', now(), 0), ('new', '${roomId}', 'c', 'MEMBER', now(), ${messages - 10})`,
    `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at,
        parent_message_id, pinned_at)
      select tenant_id, room_id, n, ('0b9f6a3e-6a0e-4d0a-9a5e-' || lpad(n::text, 12, '0'))::uuid, 'u', '[]', n, now(),
        ('0b9f6a3e-6a0e-4d0a-9a5e-' || lpad((n - 1)::text, 12, '0'))::uuid,
        case when n % 100 = 0 then now() + n * interval '1 s' end
      from sendsar.rooms, generate_series(1, ${messages}) n`,
    `insert into sendsar.events (tenant_id, room_id, seq, type, message_id, created_at)
      select tenant_id, room_id, seq, 'message.created', message_id, created_at from sendsar.messages`,
    ...["seq", "-seq"].map(
      (order, round) => `
      insert into sendsar.events (tenant_id, room_id, seq, type, message_id, created_at)
        select tenant_id, room_id, ${(round + 1) * messages} + row_number() over (order by ${order}), 'message.updated',
          message_id, created_at
        from sendsar.messages`,
    ),
  );
});
afterAll(() => database[Symbol.asyncDispose]());

/** Runs a statement as a gateway does and answers its plan, with what was really read. */
const explain = async (text: string, values: readonly unknown[]): Promise<Node> => {
  const client = new pg.Client({ connectionString: database.gatewayUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('sendsar.tenant_id', 'new', true)");
    const { rows } = await client.query<{ "QUERY PLAN": readonly [{ readonly Plan: Node }] }>(
      `explain (analyze, format json) ${text}`,
      ["new", ...values],
    );
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    if (!plan) throw new Error("explain answered no plan");
    return plan;
  } finally {
    await client.end();
  }
};

interface Node {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly Node[];
}

/** Rows that were read and were not the ones that were looked for. */
const discarded = (node: Node): number =>
  ((node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Join Filter"] ?? 0)) * node["Actual Loops"] +
  (node.Plans ?? []).reduce((sum, child) => sum + discarded(child), 0);

/** What a plan is judged by, and what says where. */
const shown = ["Node Type", "Index Name", "Relation Name", "Filter", "Actual Rows", "Actual Loops", "Plans"].concat([
  "Rows Removed by Filter",
  "Rows Removed by Join Filter",
]);

const nobody = null;
/** Who changes which message: one that is not pinned. */
const change = [roomId, "0b9f6a3e-6a0e-4d0a-9a5e-000000002999", "u", false];

test.for([
  [
    "the messages of 100 events, by their ids",
    `select ${messageColumns}
      from (select * from events where tenant_id = $1 order by room_id, seq limit 100) e
      left join (${messageTables}) on m.tenant_id = e.tenant_id and m.message_id = e.message_id`,
    [],
    100,
  ],
  ["events of messages that were sent", selectRoomLog.text, [roomId, 100, 200], 200],
  ["events of messages that were sent, and then changed", selectRoomLog.text, [roomId, messages - 100, 200], 200],
  ["events of messages that were changed in their order", selectRoomLog.text, [roomId, messages + 100, 200], 200],
  ["events of messages that were changed in another order", selectRoomLog.text, [roomId, messages * 2 + 100, 200], 200],
  ["one message", selectMessage.text, [lastId], 1],
  ["the newest page", selectOlder.text, [roomId, nobody, Number.MAX_SAFE_INTEGER, null, 0, 51], 51],
  ["the newest page of who has cleared", selectOlder.text, [roomId, "c", Number.MAX_SAFE_INTEGER, null, 0, 51], 10],
  ["the page after a place of who has cleared", selectNewer.text, [roomId, "c", 10, null, 0, 51], 10],
  ["the page before a message", selectOlder.text, [roomId, "u", null, lastId, 0, 51], 51],
  ["the page after a place", selectNewer.text, [roomId, "u", 10, null, 0, 51], 51],
  ["pinned messages", selectPinned.text, [roomId, "u"], messages / 100],
  ["a message that is edited", changeStatements.edit.text, [...change, "[]", null, []], 1],
  ["a message that is deleted", changeStatements.empty.text, change, 1],
  ["a message that is reacted to", changeStatements.react.text, [...change, "👍", 20, 1000], 1],
  ["the pins of a room, when one more is pinned", changeStatements.pin.text, [...change, 50], 1],
  ["a message that is unpinned", changeStatements.unpin.text, [roomId, lastId, "u", false], 1],
] as const)(
  "%s are found one by one, also those of a tenant that the statistics do not know",
  async ([, text, values, rows]) => {
    const plan = await explain(text, values);
    expect(plan["Actual Rows"]).toBe(rows);
    expect(discarded(plan), JSON.stringify(plan, shown, 1)).toBe(0);
  },
);
