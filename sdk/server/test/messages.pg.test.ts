import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoomDetail } from "../src/server-sdk.ts";
import { type ServerGateway, collect, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

let server: ServerGateway;
let room: RoomDetail;

beforeAll(async () => {
  server = await startServerGateway();
  room = await server.sendsar.rooms.ensureGroup("messages", { participants: ["ann", "bo"] });
});
afterAll(() => server[Symbol.asyncDispose]());

describe("messages", () => {
  test("M2 D16 a message with the same clientMessageId is stored once", async () => {
    const { messages } = server.sendsar;
    const message = { senderId: "ann", text: "once", clientMessageId: "my-1" };
    const answers = await Promise.all([messages.send(room.id, message), messages.send(room.id, message)]);
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ previewText: "once", parts: [{ type: "text", text: "once" }] });
    const unnamed = { senderId: "ann", text: "twice" };
    const [one, two] = [await messages.send(room.id, unnamed), await messages.send(room.id, unnamed)];
    expect(one.id).not.toBe(two.id);
  });

  test("M1 are read to the end, newest first, from any of them on", async () => {
    const { messages, rooms } = server.sendsar;
    const { id } = await rooms.ensureGroup("long", { participants: ["ann", "bo"] });
    const sent: string[] = [];
    for (let n = 0; n < 7; n += 1) sent.unshift((await messages.send(id, { senderId: "ann", text: `${n}` })).id);
    expect((await collect(messages.all(id, { limit: 3 }))).map((message) => message.id)).toEqual(sent);
    const before = sent[2] ?? "";
    const older = await collect(messages.all(id, { limit: 2, before }));
    expect(older.map((message) => message.id)).toEqual(sent.slice(3));
    const around = await messages.list(id, { around: sent[3] ?? "", limit: 3, viewerId: "bo" });
    expect(around.messages.map((message) => message.id)).toEqual(sent.slice(2, 5));
  });

  test("M3 M4 are edited and deleted", async () => {
    const { messages } = server.sendsar;
    const { id } = await messages.send(room.id, { senderId: "ann", text: "tpyo" });
    const edited = await messages.edit(room.id, id, { userId: "ann", text: "typo" });
    expect(edited).toMatchObject({ previewText: "typo", editedAt: expect.any(String) });
    expect(await messages.delete(room.id, id, { userId: "ann" })).toMatchObject({ parts: [] });
    expect(await failureOf(messages.edit(room.id, id, { userId: "ann", text: "again" }))).toMatchObject({
      status: 409,
      code: "message_deleted",
    });
    expect((await messages.get(room.id, id)).deletedAt).not.toBeNull();
  });

  test("M5 M6 M7 M8 get reactions and pins", async () => {
    const { messages } = server.sendsar;
    const { id } = await messages.send(room.id, { senderId: "ann", text: "react" });
    const reaction = { userId: "bo", emoji: "👍" };
    expect((await messages.toggleReaction(room.id, id, reaction)).reactions).toEqual([reaction]);
    expect((await messages.toggleReaction(room.id, id, reaction)).reactions).toEqual([]);
    expect(await messages.pin(room.id, id, { userId: "bo" })).toMatchObject({ pinnedBy: "bo" });
    const pinned = await messages.listPinned(room.id, { viewerId: "ann" });
    expect(pinned.messages.map((message) => message.id)).toEqual([id]);
    expect(await messages.unpin(room.id, id, { userId: "bo" })).toMatchObject({ pinnedAt: null });
  });

  test("M9 are forwarded", async () => {
    const { messages, rooms } = server.sendsar;
    const target = await rooms.ensureDirect("ann", "cem");
    const { id } = await messages.send(room.id, { senderId: "bo", text: "pass it on" });
    const copies = await messages.forward(room.id, id, { userId: "ann", targetRoomIds: [target.id] });
    expect(copies.messages).toMatchObject([
      { roomId: target.id, senderId: "ann", forwardedFromId: id, forwardedFromSenderId: "bo" },
    ]);
  });

  test("of another tenant are not there", async () => {
    const { id } = await server.sendsar.messages.send(room.id, { senderId: "ann", text: "ours" });
    expect(await failureOf(server.other.messages.get(room.id, id))).toMatchObject({ code: "room_not_found" });
  });
});

describe("receipts", () => {
  test("M10 M11 move, and what is unread is counted", async () => {
    const { messages, rooms, receipts } = server.sendsar;
    const { id } = await rooms.ensureDirect("reader", "writer");
    const first = await messages.send(id, { senderId: "writer", text: "1" });
    await messages.send(id, { senderId: "writer", text: "2" });
    expect(await receipts.getUnread({ userId: "reader" })).toEqual({
      userId: "reader",
      unreadCount: 2,
      unreadRooms: 1,
    });
    expect(await receipts.markDelivered(id, { userId: "reader" })).toMatchObject({ userId: "reader" });
    const read = await receipts.markRead(id, { userId: "reader", lastReadMessageId: first.id });
    expect(read).toMatchObject({ unreadCount: 1, lastReadMessageId: first.id });
    const unread = await receipts.listUnread({ userId: "reader", roomIds: [id, room.id] });
    expect(unread.rooms).toEqual([{ roomId: id, unreadCount: 1, lastReadMessageId: first.id }]);
  });
});
