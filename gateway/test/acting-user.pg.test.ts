import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestClient } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";

let gateway: TestGateway;
let room: SeededRoom;
let token: string;
let a1: TestClient;
/** The path of a message of a1's. */
let own: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  room = await seedRoom(gateway.a.api, { people: ["a2", "a1"], externalId: "acting" });
  token = await mintToken(gateway.a.api, "a1");
  a1 = createUserClient(gateway.url, token);
  const sent = await a1.post(`/chat/rooms/${room.roomId}/messages`, { parts: [{ type: "text", text: "a1's" }] });
  own = `/chat/rooms/${room.roomId}/messages/${sent.body.id}`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const textPart = (text: string) => ({ type: "text", text });

describe("B19 a1's token with the name of somebody else: 403, and nothing happens", () => {
  // Another participant, one who is not there, and names that look like a1's.
  const others = ["a2", "nobody", "A1", "a1 ", "\u0430\u0031"];
  const calls: Readonly<Record<string, (other: string) => Parameters<TestClient["call"]>>> = {
    "send a message": (other) => [
      "POST",
      `/chat/rooms/${room.roomId}/messages`,
      { senderId: other, parts: [textPart("not a1's")] },
    ],
    "mark as read": (other) => ["POST", `/chat/rooms/${room.roomId}/read`, { userId: other }],
    "mark as delivered": (other) => ["POST", `/chat/rooms/${room.roomId}/delivery`, { userId: other }],
    "count what is unread": (other) => ["GET", `/chat/unread?userId=${encodeURIComponent(other)}`],
    "list what is unread": (other) => ["POST", "/chat/unread", { userId: other, roomIds: [room.roomId] }],
    "list rooms": (other) => ["GET", `/chat/rooms?participantId=${encodeURIComponent(other)}`],
    "read a room": (other) => ["GET", `/chat/rooms/${room.roomId}?viewerId=${encodeURIComponent(other)}`],
    "list messages": (other) => ["GET", `/chat/rooms/${room.roomId}/messages?viewerId=${encodeURIComponent(other)}`],
    "list pinned messages": (other) => [
      "GET",
      `/chat/rooms/${room.roomId}/pinned-messages?viewerId=${encodeURIComponent(other)}`,
    ],
    "read a message": (other) => ["GET", `${own}?viewerId=${encodeURIComponent(other)}`],
    "edit a message": (other) => ["PATCH", own, { userId: other, parts: [textPart("not a1's")] }],
    "react to a message": (other) => ["POST", `${own}/reactions`, { userId: other, emoji: "👍" }],
    "pin a message": (other) => ["POST", `${own}/pin`, { userId: other }],
    "unpin a message": (other) => ["DELETE", `${own}/pin?userId=${encodeURIComponent(other)}`],
    "forward a message": (other) => ["POST", `${own}/forward`, { userId: other, targetRoomIds: [room.roomId] }],
    "delete a message": (other) => ["DELETE", `${own}?userId=${encodeURIComponent(other)}`],
  };
  test.for(Object.entries(calls))("B19 %s", async ([, make]) => {
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const other of others) expectRefusal(await a1.call(...make(other)), "cannot_act_as_other_user");
    });
    expect((await a1.call(...make("a1"))).status).toBeLessThan(300);
  });

  test("B19 more than one name: 400", async () => {
    const path = `/chat/rooms/${room.roomId}`;
    for (const senderId of [["a1", "a2"], ["a1"], { id: "a1" }, 1]) {
      const body = { senderId, parts: [textPart("whose?")] };
      expect((await a1.post(`${path}/messages`, body)).body.code).toBe("invalid_request");
    }
    expectRefusal(await a1.get(`${path}?viewerId=a1&viewerId=a2`), "invalid_query");
  });

  test("B19 over the socket: refused, and a2 hears nothing", async () => {
    using a2 = await connectTestSocket(gateway.url, await mintToken(gateway.a.api, "a2"));
    using socket = await connectTestSocket(gateway.url, token);
    const { roomId } = room;
    a2.socket.emit("join-room", { roomId });
    await a2.next("joined-room");
    socket.socket.emit("typing", { roomId, userId: "a2", isTyping: true });
    socket.socket.emit("join-room", { roomId, userId: "a2" });
    socket.socket.emit("leave-room", { roomId, userId: "a2" });
    await vi.waitFor(() => expect(socket.of("error")).toHaveLength(3), 5000);
    for (const { code } of socket.of("error")) expect(code).toBe("cannot_act_as_other_user");
    // What comes last has everything before it already behind it.
    socket.socket.emit("typing", { roomId, isTyping: true });
    expect(await a2.next("typing")).toEqual({ roomId, userId: "a1", isTyping: true });
    expect(a2.of("typing")).toHaveLength(1);
    expect(a2.of("presence")).toEqual([]);
  });
});

describe("B20 what only the server says cannot be said by a client", () => {
  const claimed = {
    id: randomUUID(),
    seq: 9_007_199_254_740_991,
    createdAt: "1999-01-01T00:00:00.000Z",
    sender: { id: "a2", role: "OPERATOR" },
    userId: "a2",
    role: "OPERATOR",
    roomId: randomUUID(),
    tenantId: "b",
    previewText: "forged",
    editedAt: "1999-01-01T00:00:00.000Z",
    deletedAt: "1999-01-01T00:00:00.000Z",
    reactions: [{ userId: "a2", emoji: "x" }],
    pinnedAt: "1999-01-01T00:00:00.000Z",
    pinnedBy: "a2",
    forwardedFromId: randomUUID(),
    forwardedFromSenderId: "a2",
    ordinal: 9,
  };

  test("B20 in the body of a message: ignored", async () => {
    const { body: before } = await a1.get(`/chat/rooms/${room.roomId}`);
    const answer = await requireUnchanged(gateway.database.adminUrl, ["b"], () =>
      a1.post(`/chat/rooms/${room.roomId}/messages`, { ...claimed, parts: [textPart("plain")] }),
    );
    expect(answer.status).toBe(201);
    const { id, createdAt, ...rest } = answer.body;
    expect(rest).toEqual({
      roomId: room.roomId,
      seq: before.lastSeq + 1,
      senderId: "a1",
      clientMessageId: null,
      parts: [textPart("plain")],
      previewText: "plain",
      parentMessageId: null,
      parentMessage: null,
      editedAt: null,
      deletedAt: null,
      deletedHidden: null,
      reactions: [],
      pinnedAt: null,
      pinnedBy: null,
      forwardedFromId: null,
      forwardedFromSenderId: null,
    });
    expect(id).not.toBe(claimed.id);
    expect(Math.abs(Date.now() - Date.parse(createdAt))).toBeLessThan(60_000);
    const rows = await readTenantRows(gateway.database.adminUrl, "a");
    const stored = rows["messages"]?.map((row) => JSON.parse(row)).find((row) => row.message_id === id);
    expect(stored).toMatchObject({ sender_id: "a1", room_id: room.roomId, seq: rest.seq, edited_at: null });
  });

  test("B20 in a part: kept as part of the content, the message's own fields are the server's", async () => {
    const part = { ...textPart("content"), ...claimed };
    const { body } = await a1.post(`/chat/rooms/${room.roomId}/messages`, { parts: [part] });
    expect(body).toMatchObject({
      senderId: "a1",
      roomId: room.roomId,
      parts: [part],
      editedAt: null,
      previewText: "content",
    });
    expect(body.seq).toBeLessThan(1000);
    expect(body.id).not.toBe(claimed.id);
  });

  test("B20 in the metadata of a user or a room: kept as metadata, nothing else comes of it", async () => {
    const { api } = gateway.a;
    const user = await api.post("/users", { id: "b20", username: "B20", metadata: claimed, ...omit(claimed, "id") });
    expect(user.body).toMatchObject({ id: "b20", metadata: claimed });
    expect(user.body.createdAt).not.toBe(claimed.createdAt);
    const made = await api.post("/chat/rooms", {
      ...claimed,
      metadata: claimed,
      lastSeq: 77,
      isFrozen: true,
      participants: [
        { id: "b20", ...omit(claimed, "id", "role"), joinedAt: claimed.createdAt, lastReadAt: claimed.createdAt },
      ],
    });
    expect(made.body).toMatchObject({ metadata: claimed, lastSeq: 1, isFrozen: false, lastMessage: null });
    expect(made.body.id).not.toBe(claimed.id);
    expect(made.body.participants).toMatchObject([{ userId: "b20", role: "OPERATOR", lastReadAt: null }]);
    expect(made.body.participants[0].joinedAt).not.toBe(claimed.createdAt);
  });

  const omit = (value: Readonly<Record<string, unknown>>, ...names: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
});
