import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §4: messages.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

interface Place {
  readonly user: TestUser;
  readonly peer: TestUser;
  readonly roomId: string;
}

const createPlace = async (): Promise<Place> => {
  const [user, peer] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.a)];
  const { id: roomId } = await createTestRoom(gateway.a, [user, peer]);
  return { user, peer, roomId };
};

const sendInTurn = async (count: number, { user, roomId }: Place): Promise<Wire[]> => {
  const sent: Wire[] = [];
  for (let n = 0; n < count; n++) sent.push((await user.send(roomId, `message ${n}`)).body);
  return sent;
};

const page = async (client: TestClient, roomId: string, query = ""): Promise<Wire> => {
  const { status, body } = await client.get(`/chat/rooms/${roomId}/messages?${query}`);
  expect(status).toBe(200);
  return body;
};

const sendParts = ({ user, roomId }: Place, parts: unknown) =>
  user.client.post(`/chat/rooms/${roomId}/messages`, { senderId: user.id, parts });

describe("CB 4.1 parts", () => {
  test("CB 4.1 parts are an array wherever a message is: answer, event, list, parent", async () => {
    const place = await createPlace();
    using socket = await place.peer.connect();
    const parent = (await place.user.send(place.roomId, "Packed!")).body;
    const reply = await place.peer.send(place.roomId, "Is it still hot?", { parentMessageId: parent.id.toUpperCase() });
    expect(reply.body).toMatchObject({
      parentMessageId: parent.id,
      parentMessage: {
        id: parent.id,
        senderId: place.user.id,
        previewText: "Packed!",
        deleted: false,
        parts: [{ type: "text", text: "Packed!" }],
      },
    });
    expect(await socket.next("new-message", ({ id }) => id === reply.body.id)).toEqual(reply.body);
    expect((await page(place.user.client, place.roomId)).messages).toEqual([reply.body, parent]);
    const again = await createPlace();
    const foreign = await again.user.send(again.roomId, "reply", { parentMessageId: parent.id });
    expectRefusal(foreign, "parent_not_found");
  });

  test("CB 4.1 unknown part types and unknown keys are stored and come back unchanged", async () => {
    const place = await createPlace();
    const parts = [
      { type: "data-poll", data: { z: 1, a: [null, { deep: "✓" }] }, state: "open", extra: 0.1 },
      { zebra: true, type: "text", text: "two\nlines", apple: null },
      { type: "never-heard-of" },
      { type: "file", url: "https://files.example/a.png", mediaType: "image/png", filename: "a.png", more: {} },
    ];
    const sent = await sendParts(place, parts);
    expect(sent.status).toBe(201);
    const { messages } = await page(place.peer.client, place.roomId);
    expect(messages[0].parts).toEqual(parts);
    expect(messages[0].previewText).toBe("two lines");
  });

  test("CB 4.1 a file is an upload that is there, or has an http URL; anything else is refused", async () => {
    const place = await createPlace();
    const url = "https://files.example/a.png";
    expect((await sendParts(place, [{ type: "file", url }])).body).toMatchObject({ previewText: "Attachment" });
    for (const uploadId of ["u1", randomUUID()]) {
      expectRefusal(await sendParts(place, [{ type: "file", uploadId, url }]), "upload_not_usable");
    }
    for (const other of [undefined, "javascript:alert(1)", "ftp://x/y", "//x/y", 7]) {
      expect((await sendParts(place, [{ type: "file", url: other }])).status, String(other)).toBe(400);
    }
  });

  test("CB 4.1 part types of the server are refused, and so are no parts", async () => {
    const place = await createPlace();
    for (const type of reservedPartTypes) {
      expectRefusal(
        await sendParts(place, [
          { type: "text", text: "t" },
          { type, data: {} },
        ]),
        "reserved_part_type",
      );
    }
    for (const parts of [[], null, undefined, {}, "x", [{}], [{ type: 7 }], [null]]) {
      expect((await sendParts(place, parts)).status, JSON.stringify(parts)).toBe(400);
    }
    expect((await page(place.user.client, place.roomId)).messages).toEqual([]);
  });
});

describe("CB 4.2 lists", () => {
  test("CB 4.2 newest first; nextCursor leads to older ones and is null, not absent, at the end", async () => {
    const place = await createPlace();
    const empty = { messages: [], nextCursor: null, previousCursor: null, lastSeq: 1 };
    const unread = { peerLastReadAt: null, peerLastDeliveredAt: null };
    expect(await page(place.user.client, place.roomId)).toEqual({ ...empty, ...unread });
    const sent = (await sendInTurn(7, place)).toReversed();
    const first = await page(place.peer.client, place.roomId, "limit=3");
    const second = await page(place.peer.client, place.roomId, `limit=3&cursor=${first.nextCursor}`);
    const third = await page(place.peer.client, place.roomId, `limit=3&cursor=${second.nextCursor}`);
    expect([first.messages, second.messages, third.messages]).toEqual([
      sent.slice(0, 3),
      sent.slice(3, 6),
      sent.slice(6),
    ]);
    expect([typeof first.nextCursor, typeof second.nextCursor, third.nextCursor]).toEqual(["string", "string", null]);
    expect((await page(place.peer.client, place.roomId, "limit=7")).nextCursor).toBeNull();
    expect((await page(place.peer.client, place.roomId, "limit=1")).messages).toEqual(sent.slice(0, 1));
  });

  test("CB 4.2 messages that come between two pages shift nothing", async () => {
    const place = await createPlace();
    const sent = (await sendInTurn(6, place)).toReversed();
    const first = await page(place.user.client, place.roomId, "limit=2");
    const later = await sendInTurn(3, place);
    const second = await page(place.user.client, place.roomId, `limit=2&cursor=${first.nextCursor}`);
    expect([...first.messages, ...second.messages]).toEqual(sent.slice(0, 4));
    expect((await page(place.user.client, place.roomId, "limit=1")).messages).toEqual([later.at(-1)]);
  });

  test("CB 4.2 a limit of 100 is allowed, more is lowered to it, none is 50", async () => {
    const place = await createPlace();
    await Promise.all(Array.from({ length: 101 }, (_, n) => place.user.send(place.roomId, `m${n}`)));
    const lengthOf = async (query: string) => (await page(place.user.client, place.roomId, query)).messages.length;
    expect(await lengthOf("limit=100")).toBe(100);
    expect(await lengthOf("limit=500")).toBe(limits.pageMax);
    expect(await lengthOf("")).toBe(limits.messagePageDefault);
  });

  test("CB 4.2 a cursor of another room, another list or of nobody is refused", async () => {
    const [place, other] = [await createPlace(), await createPlace()];
    await sendInTurn(2, place);
    await sendInTurn(2, other);
    const { nextCursor } = await page(place.user.client, place.roomId, "limit=1");
    for (const [user, path] of [
      [other.user, `/chat/rooms/${other.roomId}/messages?cursor=${nextCursor}`],
      [place.user, `/chat/rooms?cursor=${nextCursor}`],
      [place.user, `/chat/rooms/${place.roomId}/messages?cursor=${nextCursor.slice(0, -2)}`],
      [place.user, `/chat/rooms/${place.roomId}/messages?cursor=AAAA`],
    ] as const) {
      expectRefusal(await user.client.get(path), "invalid_cursor");
    }
  });

  test("CB 4.2 createdAt strictly increases in a room, in the order of seq, also under 200 concurrent sends", async () => {
    const place = await createPlace();
    const senders = [place.user, place.peer];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (senders[n % 2] as TestUser).send(place.roomId, `m${n}`)),
    );
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const bySeq = answers.map(({ body }) => body).toSorted((a, b) => a.seq - b.seq);
    const times = bySeq.map(({ createdAt }) => Date.parse(createdAt));
    for (let n = 1; n < times.length; n++) expect(times[n]).toBeGreaterThan(times[n - 1] as number);
    const newest = await page(place.user.client, place.roomId, "limit=100");
    const older = await page(place.user.client, place.roomId, `limit=100&cursor=${newest.nextCursor}`);
    expect([...newest.messages, ...older.messages]).toEqual(bySeq.toReversed());
  });
});

describe("CB 4.3 clientMessageId", () => {
  test("D16 CB 4.3 20 sends of one clientMessageId at once: one message, one 201, one event, one row in the log", async () => {
    const place = await createPlace();
    using socket = await place.peer.connect();
    const clientMessageId = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => place.user.send(place.roomId, `attempt ${n}`, { clientMessageId })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([...Array(19).fill(200), 201]);
    const first = answers.find(({ status }) => status === 201)?.body;
    for (const { body } of answers) expect(body).toEqual(first);
    expect(first.clientMessageId).toBe(clientMessageId);
    const last = await place.user.send(place.roomId, "afterwards");
    await socket.next("new-message", ({ id }) => id === last.body.id);
    expect(socket.of("new-message")).toEqual([first, last.body]);
    expect((await page(place.peer.client, place.roomId)).messages).toEqual([last.body, first]);
    const [events] = await runOn(
      gateway.database.adminUrl,
      `select count(*)::int from sendsar.events where room_id = '${place.roomId}' and type = 'message.created'`,
    );
    expect(events).toEqual({ count: 2 });
  });

  test("CB 4.3 the same clientMessageId by another sender, or in another room, is another message", async () => {
    const place = await createPlace();
    const { id: otherRoom } = await createTestRoom(gateway.a, [place.user]);
    const more = { clientMessageId: "the same" };
    const sent = [
      await place.user.send(place.roomId, "1", more),
      await place.peer.send(place.roomId, "2", more),
      await place.user.send(otherRoom, "3", more),
    ];
    expect(sent.map(({ status }) => status)).toEqual([201, 201, 201]);
    const repeated = await place.user.send(place.roomId, "changed", { ...more, parentMessageId: randomUUID() });
    expect(repeated).toMatchObject({ status: 200, body: sent[0]?.body });
  });

  test("CB 4.3 without one, every send is a message of its own", async () => {
    const place = await createPlace();
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        place.user.send(place.roomId, "same", n % 2 ? { clientMessageId: null } : {}),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(5);
  });
});
