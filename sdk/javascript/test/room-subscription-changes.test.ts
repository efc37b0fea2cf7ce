import { expect, test, vi } from "vitest";
import type { RoomState } from "../src/room-state.ts";
import { subscribeToRoom } from "../src/room-subscription.ts";
import { failureOf } from "./failure-of.ts";
import { createHold } from "./hold.ts";
import { settle } from "./test-clock.ts";
import { toMessage } from "./test-message.ts";
import { createTestRoom } from "./test-room.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

async function open(userIds = ["ann", "bob"]) {
  given.gateway.rooms.set("r1", createTestRoom({}, userIds));
  given.gateway.messages.push(toMessage(1, "r1", "ann"));
  const chat = await given.connectAs("ann");
  const states: RoomState[] = [];
  const subscription = subscribeToRoom(chat, "r1", (state) => states.push(state));
  await subscription.ready;
  return { chat, subscription, states };
}

const changed = (action: "joined" | "left" | "removed", targetUserId: string, seq: number) => ({
  roomId: "r1",
  action,
  actorUserId: "bob",
  targetUserId,
  seq,
});
const idsOf = ({ room }: RoomState): string[] => room?.participants.map(({ userId }) => userId) ?? [];
const roomReadings = (): number => given.gateway.requests.filter(({ path }) => path === "/v1/chat/rooms/r1").length;

test("[RV8] shows what becomes of the room and its participants", async () => {
  const { subscription } = await open(["ann", "bob", "cem"]);
  const { name: _, ...face } = createTestRoom();
  given.gateway.emit("room-updated", { ...face, name: "Renamed", roomId: "r1", seq: 2 });
  given.gateway.emit("participant-updated", {
    roomId: "r1",
    userId: "bob",
    role: "MEMBER",
    actorUserId: "ann",
    seq: 3,
  });
  given.gateway.emit("room-participants-changed", changed("removed", "cem", 4));
  await vi.waitFor(() => expect(idsOf(subscription.state)).toEqual(["ann", "bob"]));
  expect(subscription.state.room).toMatchObject({ name: "Renamed", participants: [{}, { role: "MEMBER" }] });
  expect(roomReadings()).toBe(1);
});

test("[RV8] reads the room again when somebody joins, once for all who join together", async () => {
  const { subscription } = await open();
  const hold = createHold(given.gateway, ({ path }) => path === "/v1/chat/rooms/r1");
  given.gateway.emit("room-participants-changed", changed("joined", "cem", 2));
  await hold.reached();
  for (const [index, userId] of ["dan", "eva", "fay"].entries()) {
    given.gateway.emit("room-participants-changed", changed("joined", userId, 3 + index));
  }
  given.gateway.emit("new-message", toMessage(6, "r1", "bob"));
  await vi.waitFor(() => expect(subscription.state.messages).toHaveLength(2));
  const everybody = ["ann", "bob", "cem", "dan", "eva", "fay"];
  given.gateway.rooms.set("r1", createTestRoom({ lastSeq: 6 }, everybody));
  given.gateway.hold = undefined;
  hold.release();
  await vi.waitFor(() => expect(idsOf(subscription.state)).toEqual(everybody));
  expect(roomReadings()).toBe(3);
});

test("[RV9] the other one's pointer follows room-read", async () => {
  const { subscription } = await open();
  const read = { roomId: "r1", userId: "bob", lastReadAt: "2026-11-22T09:00:00.000Z", lastReadMessageId: "message-1" };
  given.gateway.emit("room-read", read);
  await vi.waitFor(() => expect(subscription.state.peerLastReadAt).toBe(read.lastReadAt));
});

test("[RV10] who is removed is told so, reads and marks nothing more, and reads anew when it is back", async () => {
  const { subscription } = await open();
  given.gateway.emit("room-participants-changed", changed("removed", "ann", 2));
  await vi.waitFor(() => expect(subscription.state.isMember).toBe(false));
  const before = given.gateway.requests.length;
  await subscription.reload();
  await subscription.loadOlder();
  given.gateway.emit("new-message", toMessage(3, "r1", "bob"));
  given.gateway.messages.push(toMessage(4, "r1", "ann"));
  await vi.waitFor(() => expect(subscription.state.messages).toHaveLength(2));
  expect(given.gateway.requests.length).toBe(before);
  given.gateway.emit("room-participants-changed", changed("joined", "ann", 5));
  await vi.waitFor(() => expect(subscription.state.messages.map(({ seq }) => seq)).toEqual([1, 4]));
  expect(subscription.state.isMember).toBe(true);
});

test("[RV10] a new room that announces itself is read once", async () => {
  const { subscription } = await open();
  given.gateway.emit("room-participants-changed", changed("joined", "ann", 1));
  given.gateway.emit("new-message", toMessage(2, "r1", "ann"));
  await vi.waitFor(() => expect(subscription.state.messages).toHaveLength(2));
  expect(roomReadings()).toBe(1);
});

test("[RV11] tells everything that comes together once, with a frozen state that is new", async () => {
  const { subscription, states } = await open();
  await settle();
  states.length = 0;
  const before = subscription.state;
  const [socket] = given.gateway.sockets();
  socket?.emit("resumed", { rooms: [], more: false });
  for (const seq of [2, 3, 4]) given.gateway.emit("new-message", toMessage(seq, "r1", "bob"));
  await vi.waitFor(() => expect(states.at(-1)?.messages).toHaveLength(4));
  expect(states.every((state) => Object.isFrozen(state))).toBe(true);
  expect(new Set([before, ...states]).size).toBe(states.length + 1);
  expect(subscription.state).toBe(states.at(-1));
});

test("[RV11] a handler that throws is reported and stops nothing", async () => {
  given.gateway.rooms.set("r1", createTestRoom());
  const reported: unknown[] = [];
  const chat = await given.connectAs("ann", { reportError: (error) => reported.push(error) });
  const bug = new Error("bug in the app");
  const subscription = subscribeToRoom(chat, "r1", () => {
    throw bug;
  });
  await subscription.ready;
  given.gateway.emit("new-message", toMessage(1, "r1", "ann"));
  await vi.waitFor(() => expect(subscription.state.messages).toHaveLength(1));
  await vi.waitFor(() => expect(reported.length).toBeGreaterThan(1));
  expect(new Set(reported)).toEqual(new Set([bug]));
});

test("[RV11] after close nothing is told, and who waits is told that", async () => {
  given.gateway.rooms.set("r1", createTestRoom());
  const chat = await given.connectAs("ann");
  const states: RoomState[] = [];
  const subscription = subscribeToRoom(chat, "r1", (state) => states.push(state));
  subscription.close();
  expect(await failureOf(subscription.ready)).toMatchObject({ code: "aborted" });
  const heard = new Promise((resolve) => chat.on("new-message", resolve));
  given.gateway.emit("new-message", toMessage(1, "r1", "bob"));
  await heard;
  await chat.listRooms();
  expect(states).toEqual([]);
  expect(subscription.state.messages).toEqual([]);
});

test("[TY2] closing the subscription says that the user has stopped typing", async () => {
  const { chat, subscription } = await open();
  chat.typing("r1").keystroke();
  subscription.close();
  await vi.waitFor(() => expect(given.gateway.events).toHaveLength(2));
  expect(given.gateway.events.map(({ payload }) => payload)).toMatchObject([{ isTyping: true }, { isTyping: false }]);
});
