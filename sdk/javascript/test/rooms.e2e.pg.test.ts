import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import { formatMembership, membershipOf } from "../src/membership.ts";
import { iterateRooms } from "../src/paging.ts";
import { previewTextOf } from "../src/preview.ts";
import { compareRooms } from "../src/room-order.ts";
import { connect, startScene } from "./e2e-scene.ts";
import { failureOf } from "./failure-of.ts";
import { range } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

test("R2 rooms are listed by filter and page by page, in the order that compareRooms has", async () => {
  const person = await connect(one, two.url);
  await using app = person.app;
  for (const number of range(1, 5)) {
    const customType = number % 2 === 0 ? "support" : "order";
    await createTestRoom(one.a, [person], { name: `Room ${number}`, customType, externalId: `${person.id}:${number}` });
  }
  const names: (string | null)[] = [];
  const rooms = [];
  for await (const room of iterateRooms(app.chat, { limit: 2 })) {
    names.push(room.name);
    rooms.push(room);
  }
  expect(names).toEqual(range(1, 5).map((number) => `Room ${6 - number}`));
  expect([...rooms].reverse().sort(compareRooms)).toEqual(rooms);
  const orders = await app.chat.listRooms({ customTypesFilter: ["order"] });
  expect(orders.rooms.map(({ name }) => name)).toEqual(["Room 5", "Room 3", "Room 1"]);
  const single = await app.chat.listRooms({ externalId: `${person.id}:2` });
  expect(single.rooms.map(({ name }) => name)).toEqual(["Room 2"]);
});

test("R5 R6 R7 an operator adds, promotes and removes; everybody is told, and the line reads right", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const { chat } = ann.app;
  const cem = await createTestUser(one, one.a);
  const added = await chat.addParticipant(roomId, cem.id);
  expect(added.participants.map(({ userId }) => userId)).toContain(cem.id);
  const promoted = await chat.setRole(roomId, bob.id, "OPERATOR");
  expect(promoted.participants.find(({ userId }) => userId === bob.id)?.role).toBe("OPERATOR");
  expect(await bob.hears("participant-updated")).toMatchObject({ roomId, userId: bob.id, role: "OPERATOR" });
  const removed = await chat.removeParticipant(roomId, cem.id);
  expect(removed.participants.map(({ userId }) => userId)).not.toContain(cem.id);
  const line = await bob.hears("new-message", ({ parts }) => membershipOf(parts)?.action === "removed");
  const change = membershipOf(line.parts);
  const names = new Map(added.participants.map(({ userId, username }) => [userId, username]));
  const nameOf = (userId: string): string => names.get(userId) ?? userId;
  expect(change && formatMembership(change, nameOf)).toBe(line.previewText);
  expect(previewTextOf(line.parts, nameOf)).toBe(line.previewText);
  await bob.app.chat.setRole(roomId, ann.id, "MEMBER");
  expect(await failureOf(chat.addParticipant(roomId, cem.id))).toMatchObject({
    code: "operator_required",
    status: 403,
  });
});

test("R6 whoever leaves is told the room without them, and cannot read it any more", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const left = await bob.app.chat.removeParticipant(roomId, bob.id);
  expect(left.participants.map(({ userId }) => userId)).toEqual([ann.id]);
  await bob.hears(
    "room-participants-changed",
    ({ action, targetUserId }) => action === "left" && targetUserId === bob.id,
  );
  expect(await failureOf(bob.app.chat.getRoom(roomId))).toMatchObject({ code: "room_not_found", status: 404 });
});

test("R9 clearing the history hides it from oneself alone", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  await bob.app.chat.sendMessage(roomId, "before");
  expect(await ann.app.chat.clearHistory(roomId)).toMatchObject({ ok: true, roomId, userId: ann.id });
  await bob.app.chat.sendMessage(roomId, "after");
  const texts = async (person: typeof ann) =>
    (await person.app.chat.getMessages(roomId)).messages.map(({ previewText }) => previewText);
  expect(await texts(ann)).toEqual(["after"]);
  expect(await texts(bob)).toEqual(["after", "before"]);
});

test("R8 deleting a conversation leaves a group, and hides a direct room until the next message", async () => {
  await using scene = await startScene([one, two], { kind: "direct", name: null });
  const { ann, bob, roomId } = scene;
  await bob.app.chat.sendMessage(roomId, "before");
  expect(await ann.app.chat.deleteConversation(roomId)).toMatchObject({ action: "hidden", hidden: true, left: false });
  const listed = async () => (await ann.app.chat.listRooms()).rooms.map(({ id }) => id);
  expect(await listed()).not.toContain(roomId);
  await bob.app.chat.sendMessage(roomId, "again");
  expect(await listed()).toContain(roomId);
  const group = (await createTestRoom(one.a, [bob, ann])).id as string;
  expect(await ann.app.chat.deleteConversation(group)).toMatchObject({ action: "left", left: true });
  expect(await listed()).not.toContain(group);
});

test("R4 a change of the room by the backend arrives as room-updated", async () => {
  await using scene = await startScene([one, two]);
  const { ann, roomId } = scene;
  await one.a.api.patch(`/chat/rooms/${roomId}`, { name: "Renamed", isFrozen: true });
  expect(await ann.hears("room-updated")).toMatchObject({ roomId, name: "Renamed", isFrozen: true });
  expect(await failureOf(ann.app.chat.sendMessage(roomId, "no"))).toMatchObject({ code: "room_frozen", status: 403 });
});
