import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §6: receipts and unread.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const createPlace = async (people = 2) => {
  const users: TestUser[] = [];
  for (let n = 0; n < people; n++) users.push(await createTestUser(gateway, gateway.a));
  const { id: roomId } = await createTestRoom(gateway.a, users);
  const [user, peer] = users as [TestUser, TestUser];
  return { user, peer, users, roomId };
};

const read = (user: TestUser, roomId: string, body: Record<string, unknown> = {}) =>
  user.client.post(`/chat/rooms/${roomId}/read`, { userId: user.id, ...body });

/** What the user's list says of a room. */
const unreadOf = async (user: TestUser, roomId: string): Promise<Wire> => {
  const { rooms } = (await user.client.get("/chat/rooms?limit=100")).body;
  const { unreadCount, lastReadMessageId } = rooms.find((room: Wire) => room.id === roomId);
  return { unreadCount, lastReadMessageId };
};

describe("CB 6 unread and read pointers", () => {
  test("CB 6 unread counts the messages of others after the pointer; sending means having read", async () => {
    const { user, peer, roomId } = await createPlace();
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: null });
    const sent: Wire[] = [];
    for (const text of ["one", "two", "three"]) sent.push((await peer.send(roomId, text)).body);
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 3, lastReadMessageId: null });
    expect(await unreadOf(peer, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: sent[2].id });
    expect((await read(user, roomId, { lastReadMessageId: sent[1].id })).body).toEqual({
      roomId,
      userId: user.id,
      lastReadAt: sent[1].createdAt,
      lastReadMessageId: sent[1].id,
      unreadCount: 1,
    });
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 1, lastReadMessageId: sent[1].id });
    const answer = await user.send(roomId, "an answer");
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: answer.body.id });
    expect((await unreadOf(peer, roomId)).unreadCount).toBe(1);
    const asBackend = await gateway.a.api.get(`/chat/rooms/${roomId}?viewerId=${peer.id}`);
    expect(asBackend.body).toMatchObject({ unreadCount: 1, lastReadMessageId: sent[2].id });
    expect((await gateway.a.api.get(`/chat/rooms/${roomId}`)).body).toMatchObject({ unreadCount: null });
  });

  test("CB 6 without a message id, or with null, up to the newest; in an empty room nothing happens", async () => {
    const { user, peer, roomId } = await createPlace();
    const nothing = { lastReadAt: null, lastReadMessageId: null, unreadCount: 0 };
    expect((await read(user, roomId)).body).toEqual({ roomId, userId: user.id, ...nothing });
    await peer.send(roomId, "one");
    const { body: newest } = await peer.send(roomId, "two");
    const pointer = {
      roomId,
      userId: user.id,
      lastReadAt: newest.createdAt,
      lastReadMessageId: newest.id,
      unreadCount: 0,
    };
    expect((await read(user, roomId, { lastReadMessageId: null })).body).toEqual(pointer);
    expect((await read(user, roomId)).body).toEqual(pointer);
  });

  test("CB 6 the pointer never moves backwards, also when 20 reads race", async () => {
    const { user, peer, roomId } = await createPlace();
    const sent: Wire[] = [];
    for (let n = 0; n < 20; n++) sent.push((await peer.send(roomId, `m${n}`)).body);
    const shuffled = sent.toSorted((a, b) => (a.id.at(-1) < b.id.at(-1) ? -1 : 1));
    await Promise.all(shuffled.map(({ id }) => read(user, roomId, { lastReadMessageId: id })));
    const end = { lastReadAt: sent[19].createdAt, lastReadMessageId: sent[19].id, unreadCount: 0 };
    expect((await read(user, roomId, { lastReadMessageId: sent[0].id })).body).toMatchObject(end);
    expect(await unreadOf(user, roomId)).toEqual({ unreadCount: 0, lastReadMessageId: sent[19].id });
  });

  test("CB 6 room-read goes to all participants and the reader's other devices, and only when the pointer moved", async () => {
    const { user, peer, roomId } = await createPlace();
    const [first, second] = [(await peer.send(roomId, "one")).body, (await peer.send(roomId, "two")).body];
    using reader = await user.connect();
    using other = await peer.connect();
    await read(user, roomId, { lastReadMessageId: first.id });
    await read(user, roomId, { lastReadMessageId: first.id });
    await read(user, roomId.toUpperCase(), { lastReadMessageId: second.id.toUpperCase() });
    await read(user, roomId, { lastReadMessageId: first.id });
    await read(user, roomId);
    await user.send(roomId, "and now something later");
    const toEvent = (message: Wire) => ({
      roomId,
      userId: user.id,
      lastReadAt: message.createdAt,
      lastReadMessageId: message.id,
    });
    for (const socket of [reader, other]) {
      await socket.next("new-message");
      expect(socket.of("room-read")).toEqual([toEvent(first), toEvent(second)]);
    }
  });

  test("CB 6 ticks: peerLastReadAt reaches the createdAt of what was read and no newer message", async () => {
    const { user, peer, roomId } = await createPlace();
    const [first, second] = [(await user.send(roomId, "one")).body, (await user.send(roomId, "two")).body];
    await read(peer, roomId, { lastReadMessageId: first.id });
    const { peerLastReadAt } = (await user.client.get(`/chat/rooms/${roomId}/messages`)).body;
    expect(peerLastReadAt).toBe(first.createdAt);
    expect(peerLastReadAt < second.createdAt).toBe(true);
    const { participants } = (await user.client.get(`/chat/rooms/${roomId}`)).body;
    const pointerOf = (id: string) => participants.find((one: Wire) => one.userId === id).lastReadMessageId;
    expect([pointerOf(user.id), pointerOf(peer.id)]).toEqual([second.id, first.id]);
    const group = await createPlace(3);
    await group.peer.send(group.roomId, "read by its sender");
    expect((await group.user.client.get(`/chat/rooms/${group.roomId}/messages`)).body.peerLastReadAt).toBeNull();
  });

  test("CB 6 a message of another room, or none, is not found, and the pointer stays", async () => {
    const [place, other] = [await createPlace(), await createPlace()];
    await place.peer.send(place.roomId, "here");
    const elsewhere = (await other.peer.send(other.roomId, "there")).body;
    for (const lastReadMessageId of [elsewhere.id, randomUUID(), "no uuid"]) {
      expectRefusal(await read(place.user, place.roomId, { lastReadMessageId }), "message_not_found");
    }
    expectRefusal(await read(place.user, other.roomId), "room_not_found");
    expect(await unreadOf(place.user, place.roomId)).toEqual({ unreadCount: 1, lastReadMessageId: null });
  });
});
