import { expect, test, vi } from "vitest";
import type { ChatClient } from "../src/client.ts";
import type { RoomState, RoomSubscriptionOptions } from "../src/room-state.ts";
import { subscribeToRoom } from "../src/room-subscription.ts";
import type { Message } from "../src/wire.ts";
import { failureOf } from "./failure-of.ts";
import { toAnswer } from "./gateway-double.ts";
import { createHold } from "./hold.ts";
import { toMessage } from "./test-message.ts";
import { createTestPage, createTestRoom } from "./test-room.ts";
import { hurried, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

/** A subscription that notes every state it was told. */
function subscribe(chat: ChatClient, options?: RoomSubscriptionOptions) {
  const states: RoomState[] = [];
  const subscription = subscribeToRoom(chat, "r1", (state) => states.push(state), options);
  return { subscription, states };
}

/** A room of Ann and Bob with so many messages by Bob. */
function fill(count: number): void {
  given.gateway.rooms.set("r1", createTestRoom());
  for (let seq = 1; seq <= count; seq += 1) given.gateway.messages.push(toMessage(seq, "r1", "bob"));
}

const seqs = ({ messages }: RoomState): number[] => messages.map(({ seq }) => seq);
const isPage = ({ path }: { readonly path: string }): boolean =>
  path.includes("/messages?") || path.endsWith("/messages");
const reads = (): unknown[] =>
  given.gateway.requests.filter(({ path }) => path.endsWith("/read")).map(({ body }) => body);

test("[RV1] reads the newest page and the room, and loses nothing that comes meanwhile", async () => {
  fill(2);
  const chat = await given.connectAs("ann");
  const hold = createHold(given.gateway, isPage);
  const { subscription } = subscribe(chat);
  expect(subscription.state).toMatchObject({ roomId: "r1", messages: [], isLoading: true, isMember: true });
  await hold.reached();
  const edited: Message = { ...toMessage(2, "r1", "bob"), editedAt: "2026-11-22T09:00:00.000Z" };
  given.gateway.emit("message-updated", { ...edited, changeSeq: 3 });
  given.gateway.emit("new-message", toMessage(4, "r1", "bob"));
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([4]));
  hold.release();
  await subscription.ready;
  expect(seqs(subscription.state)).toEqual([1, 2, 4]);
  expect(subscription.state.messages[1]).toEqual(edited);
  expect(subscription.state).toMatchObject({ isLoading: false, room: { name: "A room" }, hasOlder: false });
});

test("[RV2] [RV3] takes new and changed messages of its room, and none of other rooms", async () => {
  fill(1);
  const chat = await given.connectAs("ann");
  const { subscription } = subscribe(chat);
  await subscription.ready;
  given.gateway.emit("new-message", toMessage(2, "r2", "bob"));
  given.gateway.emit("new-message", toMessage(3, "R1", "bob"));
  const deleted = { ...toMessage(1, "r1", "bob"), parts: [], deletedAt: "2026-11-22T09:00:00.000Z" };
  given.gateway.emit("message-updated", { ...deleted, changeSeq: 4 });
  await vi.waitFor(() => expect(subscription.state.messages[0]?.deletedAt).not.toBeNull());
  expect(subscription.state.messages.map(({ id, roomId }) => `${id} ${roomId}`)).toEqual([
    "message-1 r1",
    "message-3 R1",
  ]);
});

test("[RV4] loadOlder reads the page before the oldest message, one at a time", async () => {
  fill(6);
  const chat = await given.connectAs("ann");
  const [newest, older] = [
    [6, 5, 4],
    [3, 2, 1],
  ].map((page) => page.map((seq) => toMessage(seq, "r1", "bob")));
  given.gateway.hold = ({ path }) => {
    if (path.includes("before=")) expect(path).toBe("/v1/chat/rooms/r1/messages?limit=3&before=message-4");
    return undefined;
  };
  given.gateway.nextAnswers.push({ status: 200, body: createTestPage(newest ?? [], { nextCursor: "c" }) });
  const { subscription } = subscribe(chat, { pageSize: 3, marksRead: false });
  await subscription.ready;
  expect(subscription.state.hasOlder).toBe(true);
  given.gateway.nextAnswers.push({ status: 200, body: createTestPage(older ?? []) });
  const before = given.gateway.requests.length;
  const loading = [subscription.loadOlder(), subscription.loadOlder()];
  expect(subscription.state.isLoadingOlder).toBe(true);
  await Promise.all(loading);
  expect(given.gateway.requests.length - before).toBe(1);
  expect(subscription.state).toMatchObject({ hasOlder: false, isLoadingOlder: false });
  expect(seqs(subscription.state)).toEqual([1, 2, 3, 4, 5, 6]);
  await subscription.loadOlder();
  expect(given.gateway.requests.length - before).toBe(1);
});

test("[RV4] a page of older messages that fails is told to who asked, and can be asked for again", async () => {
  fill(3);
  const chat = await given.connectAs("ann");
  given.gateway.nextAnswers.push({
    status: 200,
    body: createTestPage([toMessage(3, "r1", "bob")], { nextCursor: "c" }),
  });
  const { subscription } = subscribe(chat, { marksRead: false });
  await subscription.ready;
  given.gateway.nextAnswers.push(toAnswer(403, "tenant_suspended", "This tenant is suspended"));
  expect(await failureOf(subscription.loadOlder())).toMatchObject({ code: "tenant_suspended" });
  expect(subscription.state).toMatchObject({ isLoadingOlder: false, hasOlder: true, error: undefined });
  await subscription.loadOlder();
  expect(seqs(subscription.state)).toEqual([1, 2, 3]);
});

test("[RV5] after room-reset everything is read again, and an earlier reading is thrown away", async () => {
  fill(2);
  const chat = await given.connectAs("ann");
  const { subscription } = subscribe(chat, { marksRead: false });
  await subscription.ready;
  const hold = createHold(given.gateway, isPage);
  const early = subscription.reload();
  await hold.reached();
  given.gateway.hold = undefined;
  given.gateway.messages.splice(0, 2, toMessage(9, "r1", "bob"));
  given.gateway.isForgetful = true;
  const resets: string[] = [];
  chat.on("room-reset", ({ roomId }) => resets.push(roomId));
  await reset(chat);
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([9]));
  hold.release();
  await early;
  expect(seqs(subscription.state)).toEqual([9]);
  expect(resets).toContain("r1");
});

/** Has the client told that it missed too much of the room: another socket is up, and nobody tells what was missed. */
async function reset(chat: ChatClient): Promise<void> {
  const told = new Promise((resolve) => chat.on("room-reset", resolve));
  given.gateway.dropTransports();
  await vi.waitFor(() => expect(given.gateway.resumes.length).toBeGreaterThan(0), 5000);
  const [socket] = given.gateway.sockets();
  socket?.emit("resumed", { rooms: [{ roomId: "r1", reset: true, events: [] }], more: false });
  await told;
}

test("[RV6] a reading that failed is done again when the connection comes up", async () => {
  fill(1);
  const chat = await given.connectAs("ann", hurried);
  given.gateway.closedRooms.add("r1");
  const { subscription } = subscribe(chat);
  expect(await failureOf(subscription.ready)).toMatchObject({ code: "room_not_found" });
  expect(subscription.state).toMatchObject({ isLoading: false, error: { code: "room_not_found" } });
  given.gateway.closedRooms.clear();
  given.gateway.dropTransports();
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([1]));
  expect(subscription.state.error).toBeUndefined();
});

test("[RV6] a reading that began before the connection was up is done again", async () => {
  fill(1);
  const chat = given.createClient();
  given.gateway.isMute = true;
  const connecting = chat.connect({ userId: "ann", token: "ann" });
  const { subscription } = subscribe(chat, { marksRead: false });
  await subscription.ready;
  given.gateway.messages.push(toMessage(2, "r1", "bob"));
  given.gateway.isMute = false;
  for (const socket of given.gateway.sockets()) socket.emit("tenant-presence-snapshot", { onlineUserIds: [] });
  await connecting;
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([1, 2]));
});

test("[RV6] after disconnect() everything is read anew, and nothing of another user is left", async () => {
  fill(2);
  const chat = await given.connectAs("ann");
  const { subscription } = subscribe(chat, { marksRead: false });
  await subscription.ready;
  const lastReadAt = "2026-11-22T09:00:00.000Z";
  given.gateway.emit("room-read", { roomId: "r1", userId: "bob", lastReadAt, lastReadMessageId: "message-1" });
  await vi.waitFor(() => expect(subscription.state.peerLastReadAt).toBe(lastReadAt));
  await chat.disconnect();
  given.gateway.messages.splice(0, 1);
  given.gateway.messages.push(toMessage(3, "r1", "bob"));
  await chat.connect({ userId: "ann", token: "ann" });
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([2, 3]));
  given.gateway.closedRooms.add("r1");
  await chat.connect({ userId: "cem", token: "cem" });
  await vi.waitFor(() => expect(subscription.state.error).toMatchObject({ code: "room_not_found" }));
  expect(subscription.state).toMatchObject({ messages: [], room: undefined, peerLastReadAt: null });
});

test("[RV7] marks what others wrote as read, one call at a time, and the latest", async () => {
  fill(1);
  const chat = await given.connectAs("ann");
  const hold = createHold(given.gateway, ({ path }) => path.endsWith("/read"));
  const { subscription } = subscribe(chat);
  await subscription.ready;
  await hold.reached();
  for (const seq of [2, 3, 4]) given.gateway.emit("new-message", toMessage(seq, "r1", "bob"));
  given.gateway.emit("new-message", toMessage(5, "r1", "ann"));
  await vi.waitFor(() => expect(seqs(subscription.state)).toEqual([1, 2, 3, 4, 5]));
  expect(reads()).toHaveLength(1);
  given.gateway.hold = undefined;
  hold.release();
  await vi.waitFor(() => expect(reads()).toHaveLength(2));
  expect(reads()).toEqual([1, 4].map((seq) => ({ userId: "ann", lastReadMessageId: `message-${seq}` })));
});

test.for<[string, () => void, RoomSubscriptionOptions | undefined]>([
  ["it is one's own", () => (given.gateway.messages[0] = toMessage(1, "r1", "ann")), undefined],
  [
    "it is read already",
    () => given.gateway.rooms.set("r1", createTestRoom({ lastReadMessageId: "message-1" })),
    undefined,
  ],
  ["the app does it itself", () => {}, { marksRead: false }],
])("[RV7] does not mark the newest message when %s", async ([_, prepare, options]) => {
  fill(1);
  prepare();
  const chat = await given.connectAs("ann");
  const { subscription } = subscribe(chat, options);
  await subscription.ready;
  // The next call comes after any that were begun.
  await chat.listRooms();
  expect(reads()).toEqual([]);
});

test("[RV7] says again what the network did not let through, and reports what the server refuses", async () => {
  fill(1);
  const errors: string[] = [];
  const chat = await given.connectAs("ann", hurried);
  const { subscription } = subscribe(chat, { onError: ({ code }) => errors.push(code) });
  await subscription.ready;
  await vi.waitFor(() => expect(reads()).toHaveLength(1));
  const tooBusy = toAnswer(503, "overloaded", "Too much work is waiting, try again shortly");
  given.gateway.nextAnswers.push(tooBusy, tooBusy, tooBusy);
  given.gateway.emit("new-message", toMessage(2, "r1", "bob"));
  await vi.waitFor(() => expect(reads()).toHaveLength(4));
  given.gateway.dropTransports();
  await vi.waitFor(() => expect(reads()).toHaveLength(5));
  expect(reads().slice(1)).toEqual(Array(4).fill({ userId: "ann", lastReadMessageId: "message-2" }));
  expect(errors).toEqual([]);
  given.gateway.nextAnswers.push(toAnswer(403, "tenant_suspended", "This tenant is suspended"));
  given.gateway.emit("new-message", toMessage(3, "r1", "bob"));
  await vi.waitFor(() => expect(errors).toEqual(["tenant_suspended"]));
});
