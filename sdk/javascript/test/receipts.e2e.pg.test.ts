import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { createTestRoom } from "../../../scripts/testing/test-user.ts";
import { confirmDelivery } from "../src/delivery-receipts.ts";
import { tickOf } from "../src/read-ticks.ts";
import { trackRoomPresence } from "../src/room-presence.ts";
import { trackTyping } from "../src/typists.ts";
import { startScene } from "./e2e-scene.ts";
import { eventually } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

test("M10 M11 a message is sent, then delivered, then read", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const message = await ann.app.chat.sendMessage(roomId, "are you there?");
  const tick = async () => tickOf(message, await ann.app.chat.getMessages(roomId, { limit: 1 }));
  expect(await tick()).toBe("sent");
  const delivered = await bob.app.chat.markDelivered(roomId, message.id);
  expect(delivered).toMatchObject({ userId: bob.id, lastDeliveredMessageId: message.id });
  expect(await tick()).toBe("delivered");
  expect(await bob.app.chat.markRead(roomId, message.id)).toMatchObject({ unreadCount: 0 });
  expect(await tick()).toBe("read");
  const read = await ann.hears("room-read");
  expect(read).toMatchObject({ roomId, userId: bob.id, lastReadMessageId: message.id });
  expect(tickOf(message, { peerLastReadAt: read.lastReadAt })).toBe("read");
});

test("M11 confirmDelivery confirms what comes", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const errors: unknown[] = [];
  confirmDelivery(bob.app.chat, (error) => errors.push(error));
  const messages = await Promise.all(["one", "two", "three"].map((text) => ann.app.chat.sendMessage(roomId, text)));
  await eventually(async () => {
    const { peerLastDeliveredAt } = await ann.app.chat.getMessages(roomId, { limit: 1 });
    expect(peerLastDeliveredAt).toBe(messages.at(-1)?.createdAt);
  });
  expect(errors).toEqual([]);
});

test("unread messages are counted over all rooms, and room by room", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const other = (await createTestRoom(one.a, [ann, bob])).id as string;
  for (const room of [roomId, roomId, other]) await ann.app.chat.sendMessage(room, "x");
  expect(await bob.app.chat.getUnread()).toEqual({ userId: bob.id, unreadCount: 3, unreadRooms: 2 });
  const unread = await bob.app.chat.listUnread([roomId, other, crypto.randomUUID()]);
  expect(new Map(unread.map((room) => [room.roomId, room.unreadCount]))).toEqual(
    new Map([
      [roomId, 2],
      [other, 1],
    ]),
  );
  await bob.app.chat.markRead(roomId);
  expect(await bob.app.chat.getUnread()).toMatchObject({ unreadCount: 1, unreadRooms: 1 });
});

test("[TY3] who types is known to the others, on the other gateway too", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const tracker = trackTyping(ann.app.chat);
  bob.app.chat.typing(roomId).keystroke();
  await eventually(() => expect(tracker.in(roomId)).toEqual([bob.id]));
  await bob.app.chat.sendMessage(roomId, "done");
  await eventually(() => expect(tracker.in(roomId)).toEqual([]));
});

test("[TY4] who has the room open is known to those who have", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const presence = trackRoomPresence(ann.app.chat);
  await ann.app.chat.joinRoom(roomId);
  await eventually(() => expect(presence.in(roomId)).toEqual([ann.id]));
  await bob.app.chat.joinRoom(roomId);
  await eventually(() => expect(presence.in(roomId).toSorted()).toEqual([ann.id, bob.id].toSorted()));
  bob.app.chat.leaveRoom(roomId);
  await eventually(() => expect(presence.in(roomId)).toEqual([ann.id]));
  expect(ann.app.chat.presence.isOnline(bob.id)).toBe(true);
});
