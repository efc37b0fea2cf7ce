import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { PlanMode } from "../../scripts/testing/query-plan.ts";
import { explainQuery, planModesOf } from "../../scripts/testing/query-plan.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { Db, Query } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import { deleteDevice, listDevices, registerDevice } from "../src/store/devices.ts";
import { findSessionState } from "../src/store/sessions.ts";
import { listMessagesToDelete, listRoomsToLeave, renameInLines } from "../src/store/user-deletion.ts";
import { listUsers } from "../src/store/users.ts";

// What a backend or a deletion asks about one user costs what that user has, not what the tenant has, whatever Postgres
// thinks of the tables.

const tenantId = "new";
const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const users = 5000;
const messages = 20_000;
/** Of u1, in the large room: every two-thousandth message. */
const own = 10;
/** Changes of membership in the large room, each with its line; half of them are about u1. */
const changes = 40;

const tenantRows = (tenant: string, room: string): string[] => [
  `insert into sendsar.tenants (tenant_id, name) values ('${tenant}', 'T')`,
  `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at, deleted_at)
   select '${tenant}', 'u' || n, 'U', now(), now(), case when n = 1 then now() end from generate_series(1, ${users}) n`,
  `insert into sendsar.rooms (tenant_id, room_id, kind, last_seq, last_event_at, activity_at, created_at)
   values ('${tenant}', '${room}', 'group', ${messages + 2 * changes}, now(), now(), now())`,
  `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal, created_at)
   select '${tenant}', '${room}', n, gen_random_uuid(), case when n % ${messages / own} = 0 then 'u1' else 'u2' end,
     gen_random_uuid()::text, '[{"type": "text"}]', n, now() + n * interval '1 ms' from generate_series(1, ${messages}) n`,
  `insert into sendsar.events (tenant_id, room_id, seq, type, actor_id, message_id, created_at)
   select tenant_id, room_id, seq, 'message.created', sender_id, message_id, created_at
   from sendsar.messages where tenant_id = '${tenant}'`,
  `insert into sendsar.events (tenant_id, room_id, seq, type, actor_id, data, created_at)
   select '${tenant}', '${room}', ${messages} - 1 + 2 * n, 'participants.changed', 'u2', json_build_object('action', 'joined',
     'actorUserId', 'u2', 'targetUserIds', json_build_array(case when n % 2 = 0 then 'u1' else 'u3' end)), now()
   from generate_series(1, ${changes}) n`,
  `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at)
   select '${tenant}', '${room}', ${messages} + 2 * n, gen_random_uuid(), 'u2', '[{"type": "data-membership"}]', 0, now()
   from generate_series(1, ${changes}) n`,
  `insert into sendsar.user_rooms (tenant_id, user_id, room_id) values ('${tenant}', 'u1', '${room}')`,
  `insert into sendsar.devices (tenant_id, device_id, user_id, provider, token, token_hash)
   select '${tenant}', gen_random_uuid(), 'u' || n, 'FCM', n::text, sha256(n::text::bytea) from generate_series(1, ${users}) n`,
];

interface Question {
  readonly what: string;
  readonly ask: (db: Db) => Promise<unknown>;
  /** Rows that one statement may read for it. */
  readonly rowsReadMax: number;
  /** The same as long as Postgres knows no statistics at all: it takes the tenant, or the room, for a single row, and reads it once. */
  readonly withoutStatistics?: number;
}

const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();
const few = 5;
const questions: readonly Question[] = [
  { what: "a user's sessions", ask: (db) => findSessionState(db, tenantId, "u9"), rowsReadMax: few },
  {
    what: "a page of users",
    ask: (db) => listUsers(db, tenantId, { after: "u2", limit: 30 }),
    rowsReadMax: 31,
    withoutStatistics: users,
  },
  { what: "a user's devices", ask: (db) => listDevices(db, tenantId, "u9"), rowsReadMax: few },
  {
    what: "registering a device",
    ask: (db) =>
      registerDevice(
        db,
        tenantId,
        { deviceId: randomUUID(), userId: "u9", provider: "FCM", token: "9", tokenHash: hashOf("9"), platform: null },
        20,
      ),
    rowsReadMax: few,
    withoutStatistics: users + few,
  },
  {
    what: "unregistering a device",
    ask: (db) => deleteDevice(db, tenantId, "u9", { deviceId: undefined, tokenHashes: [hashOf("none")] }),
    rowsReadMax: few,
  },
  {
    what: "the rooms of a deleted user",
    ask: (db) => listRoomsToLeave(db, tenantId, "u1", { messages: true, limit: 100 }),
    rowsReadMax: few,
  },
  {
    what: "the messages of a deleted user in a room",
    ask: (db) => listMessagesToDelete(db, tenantId, "u1", roomId, 100),
    rowsReadMax: own,
    withoutStatistics: messages + changes,
  },
  {
    // Each change, its line and its people, once to find them and once to write them.
    what: "the lines of a room that name a deleted user",
    ask: (db) => renameInLines(db, tenantId, "u1", roomId),
    rowsReadMax: changes * 6,
    withoutStatistics: messages + changes * 6,
  },
];

const otherTenants = Array.from({ length: 3 }, (_, n) => tenantRows(`other-${n}`, randomUUID())).flat();
const newTenant = tenantRows(tenantId, roomId);

describe.each([
  ["there are no statistics", newTenant],
  ["the statistics know other tenants only", [...otherTenants, "analyze", ...newTenant]],
  ["the statistics know all", [...otherTenants, ...newTenant, "analyze"]],
])("when %s", (state, rows) => {
  let database: TestDatabase;
  let db: Db;
  /** What was sent, and in which ways Postgres may plan it. */
  const sent: { readonly query: Query; readonly modes: readonly PlanMode[] }[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    const tables = ["users", "rooms", "messages", "events", "devices", "user_rooms"];
    const withoutAutovacuum = tables.map((table) => `alter table sendsar.${table} set (autovacuum_enabled = false)`);
    await runOn(database.adminUrl, ...withoutAutovacuum, ...rows);
    const real = openDb({ databaseUrl: database.gatewayUrl, poolMax: 1, onConnectionError: () => undefined });
    db = {
      ...real,
      query(tenant, statement, values) {
        sent.push({ query: { statement, values }, modes: ["custom", "generic"] });
        return real.query(tenant, statement, values);
      },
      batch(tenant, queries, options) {
        const modes = planModesOf(options);
        sent.push(...queries.map((query) => ({ query, modes })));
        return real.batch(tenant, queries, options);
      },
    };
  });
  afterAll(async () => {
    await db[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test.each(questions)("$what: reads little more than what is answered", async ({ ask, ...question }) => {
    const { rowsReadMax, withoutStatistics = rowsReadMax } = question;
    const most = state === "there are no statistics" ? withoutStatistics : rowsReadMax;
    sent.length = 0;
    await ask(db);
    expect(sent).not.toEqual([]);
    for (const { query, modes } of sent) {
      for (const mode of modes) {
        const plan = await explainQuery(database.gatewayUrl, tenantId, toTexts(query), mode);
        expect(plan.rowsRead, `${query.statement.name}, ${mode}: ${plan.text}`).toBeLessThanOrEqual(most);
      }
    }
  });
});

/** Bytes as the text that Postgres reads them from. */
const toTexts = ({ statement, values }: Query): Query => ({ statement, values: values.map(toText) });
const toText = (value: unknown): unknown => {
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`;
  return Array.isArray(value) ? value.map(toText) : value;
};
