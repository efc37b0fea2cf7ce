import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { explainQuery } from "../../scripts/testing/query-plan.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { Db, Query } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import { advanceDeliveryPointer, advanceReadPointer, selectPeers } from "../src/store/receipts.ts";
import { countUnread, listUnread } from "../src/store/unread.ts";

// Clients mark as read after every message, and kits ask for unread numbers all the time: neither may cost more in a room
// of 20,000 messages than in one of ten, whatever Postgres thinks of the tables.

const tenantId = "new";
const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const messages = 20_000;
const messageIdOf = (seq: number): string => `0b9f6a3e-6a0e-4d0a-9a5e-${String(seq).padStart(12, "0")}`;
/** Every tenth message is deleted; the reader has so many of those after its pointer. */
const deletedAfter = 5;
const readUpTo = messages - deletedAfter * 10;
const smallRooms = 500;
/** Rooms of all other tenants. */
const otherRooms = 800;
/** Participants of the large room. */
const crowd = 1000;

const tenantRows = (tenant: string, users: number): string[] => [
  `insert into sendsar.tenants (tenant_id, name) values ('${tenant}', 'T')`,
  `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
   select '${tenant}', 'u' || n, 'U', now(), now() from generate_series(1, ${users}) n`,
];

const smallRoomRows = (tenant: string, rooms: number, reader: string): string[] => [
  `insert into sendsar.rooms (tenant_id, room_id, kind, external_id, last_seq, message_count, last_event_at, last_message_at,
     activity_at, created_at)
   select '${tenant}', gen_random_uuid(), 'group', 'order:' || n, 20, 20, now(), now(), now(), now() from generate_series(1, ${rooms}) n`,
  `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal, created_at,
     deleted_at)
   select tenant_id, room_id, n, gen_random_uuid(), 'u2', gen_random_uuid()::text, '[]', n, now(),
     case when n % 10 = 0 then now() end
   from sendsar.rooms, generate_series(1, 20) n where tenant_id = '${tenant}' and message_count = 20`,
  `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at, last_read_seq, last_read_count, last_read_at)
   select tenant_id, room_id, '${reader}', 'MEMBER', now(), 5, 5, now()
   from sendsar.rooms where tenant_id = '${tenant}' and message_count = 20`,
];

const largeRoomRows: readonly string[] = [
  `insert into sendsar.rooms (tenant_id, room_id, kind, last_seq, message_count, last_event_at, last_message_at, activity_at,
     created_at)
   values ('${tenantId}', '${roomId}', 'group', ${messages}, ${messages}, now(), now(), now(), now())`,
  `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, ordinal, created_at,
     deleted_at)
   select '${tenantId}', '${roomId}', n, ('0b9f6a3e-6a0e-4d0a-9a5e-' || lpad(n::text, 12, '0'))::uuid, 'u2',
     gen_random_uuid()::text, '[]', n, now() + n * interval '1 ms', case when n % 10 = 0 then now() end
   from generate_series(1, ${messages}) n`,
  `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at, last_read_seq, last_read_count, last_read_at)
   select '${tenantId}', '${roomId}', 'u' || n, 'MEMBER', now(), ${readUpTo}, ${readUpTo}, now() from generate_series(1, ${crowd}) n`,
];

const move = { roomId, userId: "u1" };
const putBack = `
  update sendsar.participants
  set last_read_seq = ${readUpTo}, last_read_count = ${readUpTo}, last_delivered_seq = 0, last_delivered_at = null
  where tenant_id = '${tenantId}' and room_id = '${roomId}' and user_id = 'u1'`;

interface Question {
  readonly what: string;
  readonly ask: (db: Db) => Promise<unknown>;
  /** Rows that one statement may read for it. */
  readonly rowsReadMax: number;
}

const readTo = (messageId: string | undefined) => (db: Db) => advanceReadPointer(db, tenantId, { ...move, messageId });
const deliverTo = (messageId: string | undefined) => (db: Db) =>
  advanceDeliveryPointer(db, tenantId, { ...move, messageId });

/** The participant, its room, the message, and the message at its pointer. */
const few = 6;
const questions: readonly Question[] = [
  { what: "a read of a message", ask: readTo(messageIdOf(readUpTo + 1)), rowsReadMax: few + deletedAfter },
  { what: "a read of the newest message", ask: readTo(undefined), rowsReadMax: few + deletedAfter },
  { what: "a read of an old message", ask: readTo(messageIdOf(3)), rowsReadMax: few + deletedAfter },
  { what: "a delivery of a message", ask: deliverTo(messageIdOf(messages)), rowsReadMax: few },
  { what: "a delivery of the newest message", ask: deliverTo(undefined), rowsReadMax: few },
  {
    what: "the number for one room",
    ask: (db) => listUnread(db, tenantId, "u1", [roomId]),
    rowsReadMax: few + deletedAfter,
  },
  {
    // In each small room there are, beside these two, two deleted messages. Who is in many of all rooms has its seats found by
    // going through all seats.
    what: "the number for all rooms",
    ask: (db) => countUnread(db, tenantId, "u1"),
    rowsReadMax: smallRooms * 4 + crowd + smallRooms + otherRooms + few + deletedAfter,
  },
  {
    what: "a look at the other one of two",
    ask: (db) => db.query(tenantId, selectPeers, [tenantId, roomId, "u1"]),
    rowsReadMax: few,
  },
];

/** A tenant as large as this, which statistics may know or not. */
const newTenant = [...tenantRows(tenantId, crowd), ...smallRoomRows(tenantId, smallRooms, "u1"), ...largeRoomRows];
const otherTenants = Array.from({ length: 40 }, (_, n) => `other-${n}`).flatMap((tenant) => [
  ...tenantRows(tenant, 2),
  ...smallRoomRows(tenant, otherRooms / 40, "u1"),
]);

describe.each([
  ["there are no statistics", newTenant],
  ["the statistics know other tenants only", [...otherTenants, "analyze", ...newTenant]],
  ["the statistics know all", [...otherTenants, ...newTenant, "analyze"]],
])("when %s", (_state, rows) => {
  let database: TestDatabase;
  let db: Db;
  const sent: Query[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    const tables = ["messages", "participants", "rooms"];
    const withoutAutovacuum = tables.map((table) => `alter table sendsar.${table} set (autovacuum_enabled = false)`);
    await runOn(database.adminUrl, ...withoutAutovacuum, ...rows);
    const real = openDb({ databaseUrl: database.gatewayUrl, poolMax: 1, onConnectionError: () => undefined });
    db = {
      ...real,
      query(tenant, statement, values) {
        sent.push({ statement, values });
        return real.query(tenant, statement, values);
      },
      batch(tenant, queries, options) {
        sent.push(...queries);
        return real.batch(tenant, queries, options);
      },
    };
  });
  afterAll(async () => {
    await db[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** Asks for real, then explains every statement that was sent, from where the pointers stood before. */
  const requireCheap = async (ask: (db: Db) => Promise<unknown>, rowsReadMax: number): Promise<void> => {
    sent.length = 0;
    await ask(db);
    await runOn(database.adminUrl, putBack);
    expect(sent).not.toEqual([]);
    for (const query of sent) {
      for (const mode of ["custom", "generic"] as const) {
        const plan = await explainQuery(database.gatewayUrl, tenantId, query, mode);
        expect(plan.rowsRead, `${query.statement.name}, ${mode}: ${plan.text}`).toBeLessThanOrEqual(rowsReadMax);
      }
    }
  };

  test.each(questions)("$what reads little more than what it answers", ({ ask, rowsReadMax }) =>
    requireCheap(ask, rowsReadMax),
  );
});
