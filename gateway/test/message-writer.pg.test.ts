import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { Message } from "@sendsar/protocol/objects/message";
import { v7 as uuidv7 } from "uuid";
import type { TestGateway, TestTenant } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { readMessageRows } from "../../scripts/testing/message-rows.ts";
import { createTestRoom } from "../../scripts/testing/test-user.ts";
import type { MessageWriter, WriteOutcome } from "../src/chat/message-writer.ts";
import { createMessageWriter } from "../src/chat/message-writer.ts";
import type { Db } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import type { LogEvent } from "../src/store/log.ts";
import type { NewMessage } from "../src/store/message-writer.ts";

// The writer by itself, on a real database. Rooms are made by a gateway on the same one.

let gateway: TestGateway;
let db: Db;
beforeAll(async () => {
  gateway = await startTestGateway();
  db = openDb({
    databaseUrl: gateway.database.gatewayUrl,
    poolMax: 4,
    onConnectionError: (error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** A writer and everything that it announced, in that order. */
const createWriter = (flushesMax = 2): { readonly writer: MessageWriter; readonly announced: Message[] } => {
  const announced: Message[] = [];
  const onCommitted = (_tenantId: string, events: readonly LogEvent[]): void => {
    for (const event of events) if (event.type === "message.created") announced.push(event.message);
  };
  return { writer: createMessageWriter({ db, flushesMax, onCommitted }), announced };
};

interface Place {
  readonly roomId: string;
  readonly senderId: string;
}

const createPlace = async (tenant: TestTenant = gateway.a): Promise<Place> => {
  const senderId = `sender_${randomUUID()}`;
  const { id: roomId } = await createTestRoom(tenant, [{ id: senderId }]);
  return { roomId, senderId };
};

const toMessage = (place: Place, more: Partial<NewMessage> = {}): NewMessage => ({
  messageId: uuidv7(),
  ...place,
  clientMessageId: undefined,
  parts: [{ type: "text", text: "t" }],
  previewText: "t",
  parentMessageId: undefined,
  byBackend: false,
  ...more,
});

const writeMany = (writer: MessageWriter, count: number, place: Place, tenantId = "a"): Promise<WriteOutcome>[] =>
  Array.from({ length: count }, () => writer.write(tenantId, toMessage(place)));

const lockRoom = ({ roomId }: Place) =>
  holdLock(gateway.database.adminUrl, `select from sendsar.rooms where room_id = '${roomId}' for update`);

const rowsOf = ({ roomId }: Place) => readMessageRows(gateway.database.adminUrl, roomId);

/** How many messages each transaction wrote, in order. */
const batchesOf = async (place: Place): Promise<number[]> =>
  [...Map.groupBy((await rowsOf(place)).messages, (row) => row.transaction).values()].map((rows) => rows.length);

describe("batches", () => {
  test("messages that come one by one are written one by one: nobody waits for company", async () => {
    const [{ writer }, place] = [createWriter(), await createPlace()];
    for (let n = 0; n < 3; n++) expect((await writer.write("a", toMessage(place))).verdict).toBe("stored");
    expect(await batchesOf(place)).toEqual([1, 1, 1]);
  });

  test("what comes while one batch is under way makes the next ones, of at most 256", async () => {
    expect(limits.writerFlushMessagesMax).toBe(256);
    const [{ writer, announced }, place] = [createWriter(), await createPlace()];
    await using lock = await lockRoom(place);
    const writes = writeMany(writer, 600, place);
    await lock.waitedForBy(1);
    await lock.release();
    const outcomes = await Promise.all(writes);
    expect(outcomes.every(({ verdict }) => verdict === "stored")).toBe(true);
    expect(await batchesOf(place)).toEqual([1, 256, 256, 87]);
    // In the order in which they came, and announced in the order of seq.
    const seqs = outcomes.map((outcome) => (outcome.verdict === "stored" ? outcome.message.seq : 0));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(announced.map(({ seq }) => seq)).toEqual(seqs);
  });

  test("one tenant's backlog does not keep another one waiting, not even with a single flush at a time", async () => {
    const [{ writer }, busy, other] = [createWriter(1), await createPlace(gateway.a), await createPlace(gateway.b)];
    await using lock = await lockRoom(busy);
    let answered = 0;
    const backlog = writeMany(writer, 2000, busy).map((write) => write.then(() => answered++));
    await lock.waitedForBy(1);
    const theirs = writer.write("b", toMessage(other));
    await lock.release();
    expect((await theirs).verdict).toBe("stored");
    expect(answered).toBeLessThanOrEqual(1 + limits.writerFlushMessagesMax);
    await Promise.all(backlog);
  });

  test("tenants are written side by side: one that is held up holds up nobody", async () => {
    const [{ writer }, held, other] = [createWriter(2), await createPlace(gateway.a), await createPlace(gateway.b)];
    await using lock = await lockRoom(held);
    const waiting = writer.write("a", toMessage(held));
    await lock.waitedForBy(1);
    expect((await writer.write("b", toMessage(other))).verdict).toBe("stored");
    await lock.release();
    expect((await waiting).verdict).toBe("stored");
  });

  test("a message that cannot be written fails alone: its neighbours in the batch are stored", async () => {
    const [{ writer, announced }, place] = [createWriter(), await createPlace()];
    await using lock = await lockRoom(place);
    const first = writer.write("a", toMessage(place));
    await lock.waitedForBy(1);
    const before = writeMany(writer, 3, place);
    const poisons = [
      // Neither gets past the checks of the wire; the writer does not rely on them.
      writer.write("a", toMessage(place, { previewText: "\u0000" })),
      writer.write("a", toMessage(place, { messageId: "no uuid" })),
    ];
    const settled = Promise.allSettled(poisons);
    const after = writeMany(writer, 3, place);
    await lock.release();
    const failed = await settled;
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const stored = await Promise.all([first, ...before, ...after]);
    expect(stored.every(({ verdict }) => verdict === "stored")).toBe(true);
    expect((await rowsOf(place)).messages).toHaveLength(7);
    expect(announced).toHaveLength(7);
  });

  test("each message of a batch gets its own verdict", async () => {
    const [{ writer }, place, frozen, theirs] = [
      createWriter(),
      await createPlace(),
      await createPlace(),
      await createPlace(gateway.b),
    ];
    await using freezing = await holdLock(
      gateway.database.adminUrl,
      `update sendsar.rooms set is_frozen = true where room_id = '${frozen.roomId}'; commit`,
    );
    await freezing.release();
    await using lock = await lockRoom(place);
    const first = writer.write("a", toMessage(place));
    await lock.waitedForBy(1);
    const writes = [
      writer.write("a", toMessage(place, { senderId: frozen.senderId })),
      writer.write("a", toMessage(frozen)),
      writer.write("a", toMessage(frozen, { byBackend: true })),
      writer.write("a", toMessage({ ...place, roomId: randomUUID() })),
      writer.write("a", toMessage({ ...place, roomId: theirs.roomId })),
      writer.write("a", toMessage(place, { parentMessageId: randomUUID() })),
      writer.write("a", toMessage(place)),
    ];
    await lock.release();
    await first;
    expect((await Promise.all(writes)).map(({ verdict }) => verdict)).toEqual([
      "not_a_participant",
      "room_frozen",
      "stored",
      "room_not_found",
      "room_not_found",
      "parent_not_found",
      "stored",
    ]);
    expect((await rowsOf(theirs)).messages).toEqual([]);
  });
});

describe("limits and the end", () => {
  test("more than can wait is refused at once with `overloaded`; everything before it is written", async () => {
    const [{ writer }, place] = [createWriter(), await createPlace()];
    await using lock = await lockRoom(place);
    const first = writer.write("a", toMessage(place));
    await lock.waitedForBy(1);
    const writes = writeMany(writer, limits.writerQueueMax, place);
    await expect(writer.write("a", toMessage(place))).rejects.toMatchObject({ code: "overloaded" });
    await expect(writer.write("b", toMessage(place))).rejects.toMatchObject({ code: "overloaded" });
    await lock.release();
    const outcomes = await Promise.all([first, ...writes]);
    expect(outcomes.every(({ verdict }) => verdict === "stored")).toBe(true);
    expect((await rowsOf(place)).messages).toHaveLength(limits.writerQueueMax + 1);
    expect((await writer.write("a", toMessage(place))).verdict).toBe("stored");
  });

  test("drain answers when everything that waits is written, and at once when nothing waits", async () => {
    const [{ writer }, place] = [createWriter(), await createPlace()];
    await writer.drain();
    await using lock = await lockRoom(place);
    const writes = writeMany(writer, 300, place);
    let drained = false;
    const draining = writer.drain().then(() => (drained = true));
    await lock.waitedForBy(1);
    expect(drained).toBe(false);
    await lock.release();
    await draining;
    expect((await rowsOf(place)).messages).toHaveLength(300);
    await Promise.all(writes);
  });
});

describe("order and log", () => {
  test("two writers at once: seq is dense and every message has its row in the log, with the same seq and time", async () => {
    const [one, two] = [createWriter(), createWriter()];
    const places = [await createPlace(), await createPlace(), await createPlace()];
    const writes = Array.from({ length: 300 }, (_, n) => {
      const { writer } = n % 2 ? one : two;
      return writer.write("a", toMessage(places[n % 3] as Place));
    });
    const outcomes = await Promise.all(writes);
    for (const place of places) {
      const { messages, events, room } = await rowsOf(place);
      // 1 is the creation of the room.
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2));
      expect(events).toEqual(messages.map(({ transaction: _, ...row }) => row));
      expect(room).toEqual({ lastSeq: 101, messageCount: 100, lastMessageId: messages.at(-1)?.messageId });
      const times = messages.map(({ createdAt }) => Date.parse(createdAt));
      expect(new Set(times).size).toBe(100);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const answered = outcomes.flatMap((outcome) =>
        outcome.verdict === "stored" && outcome.message.roomId === place.roomId ? [outcome.message] : [],
      );
      expect(answered.toSorted((a, b) => a.seq - b.seq).map(({ id }) => id)).toEqual(
        messages.map(({ messageId }) => messageId),
      );
    }
  });

  test("two writers that meet in one room message by message: neither fails, and none takes the other's seq", async () => {
    const [one, two, place] = [createWriter(), createWriter(), await createPlace()];
    for (let round = 0; round < 30; round++) {
      const outcomes = await Promise.all([one, two].map(({ writer }) => writer.write("a", toMessage(place))));
      expect(outcomes.map(({ verdict }) => verdict)).toEqual(["stored", "stored"]);
    }
    expect((await rowsOf(place)).messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, n) => n + 2));
  });

  test("a second copy in a batch waits for the next one and does not break up its neighbours", async () => {
    const [{ writer }, place] = [createWriter(), await createPlace()];
    await using lock = await lockRoom(place);
    const first = writer.write("a", toMessage(place));
    await lock.waitedForBy(1);
    const copies = [1, 2, 3].map(() => writer.write("a", toMessage(place, { clientMessageId: "c" })));
    const neighbours = writeMany(writer, 5, place);
    await lock.release();
    await Promise.all([first, ...neighbours]);
    expect((await Promise.all(copies)).map(({ verdict }) => verdict)).toEqual(["stored", "duplicate", "duplicate"]);
    expect(await batchesOf(place)).toEqual([1, 6]);
  });

  test("two writers given one clientMessageId at once write one message, and copies in one batch do too", async () => {
    const [one, two, place] = [createWriter(), createWriter(), await createPlace()];
    const writes = Array.from({ length: 40 }, (_, n) =>
      (n % 2 ? one : two).writer.write("a", toMessage(place, { clientMessageId: `c${n % 4 < 2 ? 1 : 2}` })),
    );
    const outcomes = await Promise.all(writes);
    expect(outcomes.filter(({ verdict }) => verdict === "stored")).toHaveLength(2);
    expect(outcomes.filter(({ verdict }) => verdict === "duplicate")).toHaveLength(38);
    const { messages, room } = await rowsOf(place);
    expect(messages.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(room).toMatchObject({ lastSeq: 3, messageCount: 2 });
  });
});
