import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { messageColumns, messageTables } from "../src/store/messages.ts";

const messages = 3000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  // A tenant that is new, in a table of which the statistics say nothing yet.
  await runOn(
    database.adminUrl,
    "alter table sendsar.messages set (autovacuum_enabled = false)",
    "insert into sendsar.tenants (tenant_id, name) values ('new', 'New')",
    "insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at) values ('new', 'u', 'U', now(), now())",
    `insert into sendsar.rooms (tenant_id, room_id, kind, last_event_at, activity_at, created_at)
      values ('new', '${crypto.randomUUID()}', 'group', now(), now(), now())`,
    `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at)
      select tenant_id, room_id, n, gen_random_uuid(), 'u', '[]', n, now() from sendsar.rooms, generate_series(1, ${messages}) n`,
    `insert into sendsar.events (tenant_id, room_id, seq, type, message_id, created_at)
      select tenant_id, room_id, seq, 'message.created', message_id, created_at from sendsar.messages`,
  );
});
afterAll(() => database[Symbol.asyncDispose]());

test("messages are found by id one by one, also those of a tenant that the statistics do not know", async () => {
  const client = new pg.Client({ connectionString: database.gatewayUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query("select set_config('sendsar.tenant_id', 'new', true)");
    const { rows } = await client.query<{ "QUERY PLAN": readonly [{ readonly Plan: Node }] }>(`
      explain (analyze, format json)
      select ${messageColumns}
      from (select * from events where tenant_id = 'new' order by room_id, seq limit 100) e
      left join (${messageTables}) on m.tenant_id = e.tenant_id and m.message_id = e.message_id`);
    const plan = rows[0]?.["QUERY PLAN"][0].Plan;
    expect(plan && discarded(plan), JSON.stringify(plan, undefined, 1)).toBe(0);
    expect(plan?.["Actual Rows"]).toBe(100);
  } finally {
    await client.end();
  }
});

interface Node {
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Node[];
}

/** Rows that were read and were not the ones that were looked for. */
const discarded = (node: Node): number =>
  (node["Rows Removed by Filter"] ?? 0) + (node.Plans ?? []).reduce((sum, child) => sum + discarded(child), 0);
