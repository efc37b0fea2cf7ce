import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { explainQuery, planModesOf } from "../../scripts/testing/query-plan.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { CallOptions, Db, Query } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import { readMissed, readNews, readRoomLog } from "../src/store/log.ts";
import { readMessagePage } from "../src/store/message-page.ts";
import { writeMessages } from "../src/store/message-writer.ts";
import { findViewedMessage } from "../src/store/messages.ts";
import { advanceReadPointer } from "../src/store/receipts.ts";
import { listRooms } from "../src/store/rooms.ts";
import { countUnread } from "../src/store/unread.ts";

// What gateways ask the log, every second or after every hole, costs what is new and not what is there, whatever Postgres
// thinks of the tables. So does what clients ask most.

const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const past = 20_000;
const fresh = 3;
const middleId = `0b9f6a3e-6a0e-4d0a-9a5e-${String(past / 2).padStart(12, "0")}`;

const world = [
  ...["events", "messages", "rooms"].map((table) => `alter table sendsar.${table} set (autovacuum_enabled = false)`),
  "insert into sendsar.tenants (tenant_id, name) values ('t', 'T')",
  "insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at) values ('t', 'u', 'U', now(), now())",
  `insert into sendsar.rooms (tenant_id, room_id, kind, last_seq, last_event_at, activity_at, created_at)
   values ('t', '${roomId}', 'group', ${past + fresh}, now(), now(), now())`,
  `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
   values ('t', '${roomId}', 'u', 'MEMBER', now())`,
];

/** Messages, each an answer to the first one, and some changes of membership, in transactions that are over: no snapshot of now finds them new. */
const said = (from: number, to: number, perTransaction: number): string[] => [
  `insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at, parent_message_id)
   select 't', '${roomId}', n, ('0b9f6a3e-6a0e-4d0a-9a5e-' || lpad(n::text, 12, '0'))::uuid, 'u', '[]', n, now(),
     '0b9f6a3e-6a0e-4d0a-9a5e-000000000001'
   from generate_series(${from}, ${to}) n`,
  `insert into sendsar.events (tenant_id, room_id, seq, txid, type, message_id, created_at)
   select tenant_id, room_id, seq, (10 + seq / ${perTransaction})::text::xid8,
     case when seq % 20 = 0 then 'participants.changed' else 'message.created' end, message_id, now()
   from sendsar.messages where seq between ${from} and ${to}`,
];

const news = [
  `insert into sendsar.events (tenant_id, room_id, seq, type, created_at)
   select 't', '${roomId}', ${past} + n, 'message.created', now() from generate_series(1, ${fresh}) n`,
];

interface Question {
  readonly what: string;
  readonly ask: (db: Db, cursor: string) => Promise<unknown>;
  /** Rows that one statement may read for it. */
  readonly rowsReadMax: number;
}

// Each event, its message, and what that answers.
const rowsOfEvents = 3 * (fresh + 1);
const questions: readonly Question[] = [
  { what: "the news", ask: (db, cursor) => readNews(db, cursor), rowsReadMax: fresh },
  { what: "a hole", ask: (db) => readRoomLog(db, "t", roomId, past - 1, 200), rowsReadMax: rowsOfEvents },
  {
    what: "what somebody missed",
    ask: (db) => readMissed(db, "t", "u", [[roomId, past - 1]], 200),
    rowsReadMax: rowsOfEvents + 1,
  },
  {
    what: "the newest page",
    ask: (db) => readMessagePage(db, "t", roomId, { viewerId: "u", pivot: undefined, olderMax: 20, newerMax: 0 }),
    // Each message and what it answers, and one more that tells whether there is more; and the viewer.
    rowsReadMax: 2 * 21 + 1,
  },
  {
    what: "the page around a message",
    ask: (db) =>
      readMessagePage(db, "t", roomId, {
        viewerId: "u",
        pivot: { messageId: middleId, side: "after" },
        olderMax: 20,
        newerMax: 20,
      }),
    rowsReadMax: 2 * 21 + 3,
  },
  { what: "a message", ask: (db) => findViewedMessage(db, "t", roomId, "u", middleId), rowsReadMax: 3 },
  { what: "what is unread", ask: (db) => countUnread(db, "t", "u"), rowsReadMax: 4 },
  { what: "the rooms of a user", ask: (db) => listRooms(db, "t", { viewerId: "u", limit: 20 }), rowsReadMax: 6 },
  {
    what: "a receipt",
    ask: (db) => advanceReadPointer(db, "t", { roomId, userId: "u", messageId: middleId }),
    rowsReadMax: 6,
  },
  {
    what: "an answer that is written",
    ask: (db) =>
      writeMessages(db, "t", [
        {
          ...{ messageId: randomUUID(), roomId, senderId: "u", clientMessageId: "again", parts: [], byBackend: false },
          ...{ previewText: undefined, parentMessageId: middleId },
        },
      ]),
    rowsReadMax: 6,
  },
];

interface Sent {
  readonly tenantId: string;
  readonly query: Query;
  readonly options: CallOptions | undefined;
}

interface Place extends AsyncDisposable {
  readonly database: TestDatabase;
  /** What asking sends. */
  sentBy(ask: Question["ask"], cursor: string): Promise<readonly Sent[]>;
  /** Where the news begin. */
  cursor(): Promise<string>;
}

const openPlace = async (rows: readonly string[]): Promise<Place> => {
  const database = await createTestDatabase();
  await runOn(database.adminUrl, ...world, ...rows);
  const db = openDb({ databaseUrl: database.gatewayUrl, poolMax: 1, onConnectionError: () => undefined });
  return {
    database,
    async sentBy(ask, cursor) {
      const sent: Sent[] = [];
      const watched: Db = {
        ...db,
        batch(tenantId, queries, options) {
          sent.push(...queries.map((query) => ({ tenantId, query, options })));
          return db.batch(tenantId, queries, options);
        },
        query(tenantId, statement, values) {
          sent.push({ tenantId, query: { statement, values }, options: undefined });
          return db.query(tenantId, statement, values);
        },
      };
      await ask(watched, cursor);
      expect(sent).not.toEqual([]);
      return sent;
    },
    cursor: async () => (await readNews(db, undefined)).cursor,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
};

describe.each([
  ["there are no statistics", said(1, past, 100)],
  ["the statistics are of an empty log", ["analyze", ...said(1, past, 100)]],
  [
    "the statistics know one large transaction",
    [...said(1, past / 2, past), "analyze", ...said(past / 2 + 1, past, 100)],
  ],
  ["the statistics know all", [...said(1, past, 100), "analyze"]],
])("when %s", (_, rows) => {
  let place: Place;
  let cursor: string;
  beforeAll(async () => {
    place = await openPlace(rows);
    cursor = await place.cursor();
    await runOn(place.database.adminUrl, ...news);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test.each(questions)("$what: reads little more than what is answered", async ({ ask, rowsReadMax }) => {
    for (const { tenantId, query, options } of await place.sentBy(ask, cursor)) {
      for (const mode of planModesOf(options)) {
        const plan = await explainQuery(place.database.gatewayUrl, tenantId, query, mode);
        expect(plan.rowsRead, `${query.statement.name}, ${mode}: ${plan.text}`).toBeLessThanOrEqual(rowsReadMax);
      }
    }
  });
});

describe("when it was planned while the log was empty", () => {
  test.each(questions)("$what: reads little more than what is answered", async ({ ask, rowsReadMax }) => {
    await using place = await openPlace(["analyze"]);
    const { adminUrl, gatewayUrl } = place.database;
    const sent = await place.sentBy(ask, await place.cursor());
    const asked = sent.flatMap((one) => planModesOf(one.options).map((mode) => ({ ...one, mode })));
    let planned = 0;
    const filled = Promise.withResolvers<unknown>();
    const meanwhile = async (): Promise<void> => {
      if (++planned === asked.length) filled.resolve(runOn(adminUrl, ...said(1, past, 100), ...news));
      await filled.promise;
    };
    const explain = async ({ tenantId, query, mode }: (typeof asked)[number]): Promise<void> => {
      const plan = await explainQuery(gatewayUrl, tenantId, query, mode, { meanwhile });
      expect(plan.rowsRead, `${query.statement.name}, ${mode}: ${plan.text}`).toBeLessThanOrEqual(rowsReadMax);
    };
    await Promise.all(asked.map(explain));
  });
});
