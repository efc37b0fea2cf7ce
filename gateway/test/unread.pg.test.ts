import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { readUnread } from "../../scripts/testing/read-unread.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §6: what counts as unread, the same from every endpoint of two gateways, as the user and as its backend.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(async () => {
  for (const gateway of [one, two]) expect(loggedFailures(gateway)).toEqual([]);
  expect(await one.provisioner.verifyUnread("a")).toMatchObject({ wrong: 0, differences: [] });
});

const createPlace = async (people = 2, more: Readonly<Record<string, unknown>> = {}) => {
  const users: TestUser[] = [];
  for (let n = 0; n < people; n++) users.push(await createTestUser(one, one.a));
  const { id: roomId } = await createTestRoom(one.a, users, more);
  const [user, peer] = users as [TestUser, TestUser];
  return { user, peer, users, roomId: roomId as string };
};
const createDirect = () => createPlace(2, { kind: "direct" });

const sendAll = async (user: TestUser, roomId: string, count: number): Promise<Wire[]> => {
  const sent: Wire[] = [];
  for (let n = 0; n < count; n++) sent.push((await user.send(roomId, `m${n}`)).body);
  return sent;
};

/** What all endpoints say of one room. */
const unreadOf = async (user: TestUser, roomId: string) =>
  (await readUnread([one.url, two.url], one.a, user, [roomId]))[roomId];

const succeed = async (call: Promise<{ readonly status: number; readonly body: Wire }>): Promise<Wire> => {
  const { status, body } = await call;
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
};
const read = (user: TestUser, roomId: string, lastReadMessageId?: string) =>
  succeed(user.client.post(`/chat/rooms/${roomId}/read`, { userId: user.id, lastReadMessageId }));
const remove = (user: TestUser, roomId: string, messageId: string) =>
  succeed(user.client.call("DELETE", `/chat/rooms/${roomId}/messages/${messageId}?userId=${user.id}`));
const clear = (user: TestUser, roomId: string) =>
  succeed(user.client.post(`/chat/rooms/${roomId}/clear-history`, { userId: user.id }));

describe("what counts as unread", () => {
  test("6 messages of others after the pointer; not one's own, nor those that a backend sends in one's name", async () => {
    const { user, peer, roomId } = await createPlace();
    const [first, second] = await sendAll(peer, roomId, 2);
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 2, lastReadMessageId: null, listed: true });
    expect(await unreadOf(peer, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: second.id, listed: true });
    expect(await read(user, roomId, first.id)).toMatchObject({ unreadCount: 1 });
    const parts = [{ type: "text", text: "in your name" }];
    const { body: own } = await one.a.api.post(`/chat/rooms/${roomId}/messages`, { senderId: user.id, parts });
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: own.id, listed: true });
    expect(await unreadOf(peer, roomId)).toMatchObject({ unreadCount: 1 });
  });

  test("4.4 lines about membership do not count, and can be read up to", async () => {
    const { user, peer, roomId } = await createPlace(3);
    const newcomer = await createTestUser(one, one.a);
    await succeed(one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId: newcomer.id, actorUserId: peer.id }));
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 0 });
    const [message] = await sendAll(peer, roomId, 1);
    await succeed(user.client.call("DELETE", `/chat/rooms/${roomId}/participants/${user.id}`));
    expect(await unreadOf(newcomer, roomId)).toMatchObject({ unreadCount: 1 });
    const [line] = (await newcomer.client.get(`/chat/rooms/${roomId}/messages?limit=1`)).body.messages;
    expect(line.id).not.toBe(message.id);
    const pointer = { unreadCount: 0, lastReadMessageId: line.id };
    expect(await read(newcomer, roomId)).toMatchObject({ ...pointer, lastReadAt: line.createdAt });
    expect(await unreadOf(newcomer, roomId)).toEqual({ ...pointer, listed: true });
  });

  test("6 a message that was deleted before it was read does not count; deleting what was read changes nothing", async () => {
    const { user, peer, roomId } = await createPlace();
    const sent = await sendAll(peer, roomId, 5);
    await read(user, roomId, sent[1].id);
    await remove(peer, roomId, sent[3].id);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 2, lastReadMessageId: sent[1].id });
    await remove(peer, roomId, sent[3].id);
    await remove(peer, roomId, sent[0].id);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 2, lastReadMessageId: sent[1].id });
    // The pointer stands on a deleted message, and is moved to one.
    await remove(peer, roomId, sent[1].id);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 2, lastReadMessageId: sent[1].id });
    expect(await read(user, roomId, sent[3].id)).toMatchObject({
      unreadCount: 1,
      lastReadMessageId: sent[3].id,
      lastReadAt: sent[3].createdAt,
    });
    await remove(peer, roomId, sent[4].id);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 0, lastReadMessageId: sent[3].id });
    expect(await read(user, roomId)).toMatchObject({ unreadCount: 0, lastReadMessageId: sent[4].id });
  });

  test("7.2 after clear-history nothing is unread, what was cleared cannot be read up to, and what comes after counts", async () => {
    const { user, peer, roomId } = await createPlace();
    const sent = await sendAll(peer, roomId, 3);
    await read(user, roomId, sent[0].id);
    await clear(user, roomId);
    const cleared = { unreadCount: 0, lastReadMessageId: null };
    expect(await unreadOf(user, roomId)).toMatchObject(cleared);
    for (const kind of ["read", "delivery"]) {
      const body = { userId: user.id, lastReadMessageId: sent[2].id, lastDeliveredMessageId: sent[2].id };
      expectRefusal(await user.client.post(`/chat/rooms/${roomId}/${kind}`, body), "message_not_found");
    }
    expect(await read(user, roomId)).toMatchObject(cleared);
    const delivered = await succeed(user.client.post(`/chat/rooms/${roomId}/delivery`, { userId: user.id }));
    expect(delivered.lastDeliveredMessageId).toBeNull();
    // One that was deleted before the cut, and one after it.
    await remove(peer, roomId, sent[1].id);
    const [fourth, fifth] = await sendAll(peer, roomId, 2);
    expect(await unreadOf(user, roomId)).toMatchObject({ ...cleared, unreadCount: 2 });
    await remove(peer, roomId, fourth.id);
    expect(await unreadOf(user, roomId)).toMatchObject({ ...cleared, unreadCount: 1 });
    expect(await read(user, roomId, fifth.id)).toMatchObject({ unreadCount: 0, lastReadMessageId: fifth.id });
    expect(await unreadOf(peer, roomId)).toMatchObject({ unreadCount: 0, lastReadMessageId: fifth.id });
  });

  test("7.3 a conversation that was deleted for oneself adds nothing until it is back with its next message", async () => {
    const { user, peer, roomId } = await createDirect();
    await sendAll(peer, roomId, 2);
    await succeed(user.client.call("DELETE", `/chat/rooms/${roomId}/for-me?userId=${user.id}`));
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: null, listed: false });
    const [back] = await sendAll(peer, roomId, 1);
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 1, lastReadMessageId: null, listed: true });
    await remove(peer, roomId, back.id);
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: null, listed: true });
  });

  test("6 who leaves has nothing unread there, and starts at the present when added again", async () => {
    const { user, peer, users, roomId } = await createPlace(3);
    const sent = await sendAll(peer, roomId, 2);
    await read(user, roomId, sent[0].id);
    await succeed(user.client.call("DELETE", `/chat/rooms/${roomId}/participants/${user.id}`));
    expect(await unreadOf(user, roomId)).toBeUndefined();
    expectRefusal(await user.client.post(`/chat/rooms/${roomId}/read`, { userId: user.id }), "room_not_found");
    await sendAll(peer, roomId, 3);
    await succeed(one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId: user.id, actorUserId: peer.id }));
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: null, listed: true });
    await remove(peer, roomId, sent[1].id);
    const [after] = await sendAll(peer, roomId, 1);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 1, lastReadMessageId: null });
    // All history is there to be read, and is read already.
    expect(await read(user, roomId, sent[0].id)).toMatchObject({ unreadCount: 1, lastReadMessageId: null });
    expect(await read(user, roomId, after.id)).toMatchObject({ unreadCount: 0, lastReadMessageId: after.id });
    expect(await unreadOf(users[2] as TestUser, roomId)).toMatchObject({ unreadCount: 6 - 1 });
  });

  test("D15 a room that was deleted adds nothing, and cannot be read", async () => {
    const { user, peer, roomId } = await createPlace();
    await sendAll(peer, roomId, 2);
    expect(await unreadOf(user, roomId)).toMatchObject({ unreadCount: 2 });
    await succeed(one.a.api.call("DELETE", `/chat/rooms/${roomId}`));
    expect(await unreadOf(user, roomId)).toBeUndefined();
    for (const kind of ["read", "delivery"]) {
      expectRefusal(await user.client.post(`/chat/rooms/${roomId}/${kind}`, {}), "room_not_found");
      expectRefusal(await one.a.api.post(`/chat/rooms/${roomId}/${kind}`, { userId: user.id }), "room_not_found");
    }
  });
});

describe("GET and POST /chat/unread", () => {
  test("GET adds up over rooms; POST answers rooms once each and in the order asked for", async () => {
    const [user, peer] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const rooms: string[] = [];
    for (let n = 0; n < 4; n++) {
      rooms.push((await createTestRoom(one.a, [user, peer])).id);
      await sendAll(peer, rooms[n] as string, n);
    }
    const elsewhere = createUserClient(two.url, user.token);
    const total = { userId: user.id, unreadCount: 6, unreadRooms: 3 };
    expect(await elsewhere.get("/chat/unread")).toMatchObject({ status: 200, body: total });
    expect((await one.a.api.get(`/chat/unread?userId=${user.id}`)).body).toEqual(total);
    const asked = [rooms[2], rooms[0]?.toUpperCase(), rooms[2], rooms[3]];
    expect((await elsewhere.post("/chat/unread", { roomIds: asked })).body.rooms).toEqual([
      { roomId: rooms[2], unreadCount: 2, lastReadMessageId: null },
      { roomId: rooms[0], unreadCount: 0, lastReadMessageId: null },
      { roomId: rooms[3], unreadCount: 3, lastReadMessageId: null },
    ]);
    await read(user, rooms[3] as string);
    expect((await elsewhere.get("/chat/unread")).body).toEqual({ userId: user.id, unreadCount: 3, unreadRooms: 2 });
  });

  test("D04 rooms of others, of other tenants, and those that are not there are left out alike", async () => {
    const { user, roomId } = await createPlace();
    const foreign = await createPlace();
    await sendAll(foreign.peer, foreign.roomId, 1);
    const participants = [{ id: user.id }, { id: "somebody" }];
    const { body: inB } = await one.b.api.post("/chat/rooms", { name: "In b", participants });
    await one.b.api.post(`/chat/rooms/${inB.id}/messages`, {
      senderId: "somebody",
      parts: [{ type: "text", text: "for the one of the same name" }],
    });
    const roomIds = [foreign.roomId, inB.id, randomUUID(), "no uuid", "", roomId];
    const only = { rooms: [{ roomId, unreadCount: 0, lastReadMessageId: null }] };
    expect((await user.client.post("/chat/unread", { roomIds })).body).toEqual(only);
    expect((await one.a.api.post("/chat/unread", { userId: user.id, roomIds })).body).toEqual(only);
    expect((await user.client.get("/chat/unread")).body).toMatchObject({ unreadCount: 0, unreadRooms: 0 });
    expect((await one.b.api.get(`/chat/unread?userId=${user.id}`)).body).toMatchObject({ unreadCount: 1 });
  });

  test("2.1 a backend must name the user, whom it may make up; a user may name nobody else", async () => {
    const { user, peer, roomId } = await createPlace();
    expectRefusal(await one.a.api.get("/chat/unread"), "actor_required");
    expectRefusal(await one.a.api.post("/chat/unread", { roomIds: [roomId] }), "actor_required");
    expectRefusal(await user.client.get(`/chat/unread?userId=${peer.id}`), "cannot_act_as_other_user");
    const asPeer = { userId: peer.id, roomIds: [roomId] };
    expectRefusal(await user.client.post("/chat/unread", asPeer), "cannot_act_as_other_user");
    const nobody = await one.a.api.get("/chat/unread?userId=nobody");
    expect(nobody).toMatchObject({ status: 200, body: { userId: "nobody", unreadCount: 0, unreadRooms: 0 } });
  });

  test("POST takes as many rooms as the limit says, and at least one", async () => {
    const { user } = await createPlace();
    const some = (count: number) => ({ roomIds: Array.from({ length: count }, () => randomUUID()) });
    expect(await user.client.post("/chat/unread", some(limits.unreadRoomsMax))).toMatchObject({
      status: 200,
      body: { rooms: [] },
    });
    for (const body of [some(limits.unreadRoomsMax + 1), some(0), {}, { roomIds: ["a", 1] }]) {
      expect(await user.client.post("/chat/unread", body)).toMatchObject({
        status: 400,
        body: { code: "invalid_request" },
      });
    }
  });
});
