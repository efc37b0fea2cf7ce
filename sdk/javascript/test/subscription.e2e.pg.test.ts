import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { createTestUser } from "../../../scripts/testing/test-user.ts";
import { subscribeToRoom } from "../src/room-subscription.ts";
import type { RoomState } from "../src/room-state.ts";
import { type Person, startScene } from "./e2e-scene.ts";
import { startLossyLine } from "./lossy-line.ts";
import { createTestApp, eventually, range } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

const texts = ({ messages }: RoomState) => messages.map(({ previewText }) => previewText);
const send = async ({ app }: Person, roomId: string, numbers: readonly number[]) => {
  for (const number of numbers) await app.chat.sendMessage(roomId, String(number));
};

test("[RV2] [RV4] [RV7] shows the newest page, older ones and what comes, and marks it as read", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  await send(bob, roomId, range(1, 5));
  const subscription = subscribeToRoom(ann.app.chat, roomId, () => {}, { pageSize: 2 });
  await subscription.ready;
  expect(texts(subscription.state)).toEqual(["4", "5"]);
  await subscription.loadOlder();
  await send(bob, roomId, [6]);
  await eventually(() => expect(texts(subscription.state)).toEqual(["2", "3", "4", "5", "6"]));
  await eventually(async () => expect((await ann.app.chat.getUnread()).unreadCount).toBe(0));
  const last = subscription.state.messages.at(-1);
  await bob.hears("room-read", ({ lastReadMessageId }) => lastReadMessageId === last?.id);
  await subscription.loadOlder();
  expect(subscription.state).toMatchObject({ hasOlder: false });
  expect(texts(subscription.state)).toEqual(range(1, 6).map(String));
});

test("[RV3] [RV8] [RV9] shows what is changed by others, and equals what a fresh reading finds", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  await send(bob, roomId, [1, 2, 3]);
  const subscription = subscribeToRoom(ann.app.chat, roomId, () => {});
  await subscription.ready;
  const [first, second, third] = subscription.state.messages.map(({ id }) => id);
  if (!first || !second || !third) throw new Error("three messages are needed");
  await bob.app.chat.editMessage(roomId, first, "edited");
  await bob.app.chat.toggleReaction(roomId, second, "👍");
  await bob.app.chat.pinMessage(roomId, second);
  await bob.app.chat.deleteMessage(roomId, third);
  const mine = await ann.app.chat.sendMessage(roomId, "mine");
  await bob.app.chat.markRead(roomId, mine.id);
  await one.a.api.patch(`/chat/rooms/${roomId}`, { name: "Renamed" });
  await eventually(() =>
    expect(subscription.state).toMatchObject({ peerLastReadAt: mine.createdAt, room: { name: "Renamed" } }),
  );
  const { messages } = await bob.app.chat.getMessages(roomId);
  expect(subscription.state.messages).toEqual(messages.toReversed());
  const cem = await createTestUser(one, one.a);
  await ann.app.chat.addParticipant(roomId, cem.id);
  await ann.app.chat.setRole(roomId, bob.id, "OPERATOR");
  const { participants } = await bob.app.chat.getRoom(roomId);
  await eventually(() =>
    expect(subscription.state.room?.participants.map(({ userId, role }) => [userId, role])).toEqual(
      participants.map(({ userId, role }) => [userId, role]),
    ),
  );
});

test("[RV10] who is removed by somebody else is told so", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const subscription = subscribeToRoom(bob.app.chat, roomId, () => {});
  await subscription.ready;
  await ann.app.chat.removeParticipant(roomId, bob.id);
  await eventually(() => expect(subscription.state.isMember).toBe(false));
  await ann.app.chat.addParticipant(roomId, bob.id);
  await eventually(() => expect(subscription.state).toMatchObject({ isMember: true, isLoading: false }));
});

test("[RV5] over a drop it shows all that was missed, be it little or too much", async () => {
  await using scene = await startScene([one, two]);
  const { bob, roomId } = scene;
  const user = await createTestUser(one, one.a);
  await one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId: user.id });
  await using line = await startLossyLine(one.url);
  await using app = createTestApp({ apiUrl: line.apiUrl, storage: null });
  await app.chat.connect({ userId: user.id, token: user.token });
  await send(bob, roomId, [1]);
  const subscription = subscribeToRoom(app.chat, roomId, () => {}, { pageSize: 100 });
  await subscription.ready;
  const shown = async () => {
    const { messages } = await bob.app.chat.getMessages(roomId, { limit: 100 });
    await eventually(() => expect(subscription.state.messages.slice(-100)).toEqual(messages.toReversed()));
  };
  const missing = async (count: number) => {
    line.isOffline = true;
    line.cut();
    await Promise.all(range(1, count).map((number) => bob.app.chat.sendMessage(roomId, `missed ${number}`)));
    const [newest] = (await bob.app.chat.getMessages(roomId, { limit: 1 })).messages;
    if (newest) await bob.app.chat.toggleReaction(roomId, newest.id, "👍");
    line.isOffline = false;
    line.leadTo(two.url);
    await shown();
  };
  await missing(5);
  expect(app.told.some(({ what }) => what === "reset")).toBe(false);
  await missing(210);
  expect(app.told.some(({ what }) => what === "reset")).toBe(true);
}, 60_000);
