import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket, createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §6, M10 and M11, over two gateways. What clients break on is in client-breakers-receipts.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  for (const gateway of [one, two]) expect(loggedFailures(gateway)).toEqual([]);
});

const createPlace = async (people = 2) => {
  const users: TestUser[] = [];
  for (let n = 0; n < people; n++) users.push(await createTestUser(one, one.a));
  const { id: roomId } = await createTestRoom(one.a, users);
  const [user, peer] = users as [TestUser, TestUser];
  return { user, peer, users, roomId };
};

const sendAll = async (user: TestUser, roomId: string, count: number): Promise<Wire[]> => {
  const sent: Wire[] = [];
  for (let n = 0; n < count; n++) sent.push((await user.send(roomId, `m${n}`)).body);
  return sent;
};

/** A receipt of a user, on the first gateway or the other one. */
const receipt = (user: TestUser, roomId: string, kind: "read" | "delivery", messageId?: string, url = one.url) =>
  createUserClient(url, user.token).post(`/chat/rooms/${roomId}/${kind}`, {
    userId: user.id,
    ...(messageId !== undefined && {
      [kind === "read" ? "lastReadMessageId" : "lastDeliveredMessageId"]: messageId,
    }),
  });

const participantOf = async (viewer: TestUser, roomId: string, userId: string): Promise<Wire> => {
  const { participants } = (await createUserClient(two.url, viewer.token).get(`/chat/rooms/${roomId}`)).body;
  return participants.find((participant: Wire) => participant.userId === userId);
};

const peerTimes = async (path: string, client = one.a.api): Promise<Wire> => {
  const { peerLastReadAt, peerLastDeliveredAt } = (await client.get(path)).body;
  return { peerLastReadAt, peerLastDeliveredAt };
};

describe("M11 delivery", () => {
  test("M11 moves forward only, up to a message or to the newest, and answers where it stands", async () => {
    const { user, peer, roomId } = await createPlace();
    const nothing = { roomId, userId: user.id, lastDeliveredAt: null, lastDeliveredMessageId: null };
    expect((await receipt(user, roomId, "delivery")).body).toEqual(nothing);
    const sent = await sendAll(peer, roomId, 4);
    const at = (message: Wire) => ({
      status: 200,
      body: { roomId, userId: user.id, lastDeliveredAt: message.createdAt, lastDeliveredMessageId: message.id },
    });
    expect(await receipt(user, roomId, "delivery", sent[1].id)).toMatchObject(at(sent[1]));
    expect(await receipt(user, roomId, "delivery", sent[0].id, two.url)).toMatchObject(at(sent[1]));
    expect(await receipt(user, roomId.toUpperCase(), "delivery", sent[2].id.toUpperCase())).toMatchObject(at(sent[2]));
    expect(await receipt(user, roomId, "delivery", undefined, two.url)).toMatchObject(at(sent[3]));
    expect(await participantOf(peer, roomId, user.id)).toMatchObject({
      lastDeliveredAt: sent[3].createdAt,
      lastReadAt: null,
      lastReadMessageId: null,
    });
    expect((await user.client.get(`/chat/rooms/${roomId}`)).body).toMatchObject({ unreadCount: 4 });
  });

  test("M11 what was read or sent has been delivered; what was delivered has not been read", async () => {
    const { user, peer, roomId } = await createPlace();
    const sent = await sendAll(peer, roomId, 3);
    await receipt(user, roomId, "read", sent[1].id);
    expect(await participantOf(peer, roomId, user.id)).toMatchObject({
      lastReadAt: sent[1].createdAt,
      lastDeliveredAt: sent[1].createdAt,
    });
    expect((await receipt(user, roomId, "delivery", sent[0].id)).body).toMatchObject({
      lastDeliveredMessageId: sent[1].id,
    });
    await receipt(user, roomId, "delivery", sent[2].id);
    expect(await participantOf(peer, roomId, user.id)).toMatchObject({
      lastReadAt: sent[1].createdAt,
      lastReadMessageId: sent[1].id,
      lastDeliveredAt: sent[2].createdAt,
    });
    const { body: answer } = await user.send(roomId, "an answer");
    expect(await participantOf(peer, roomId, user.id)).toMatchObject({
      lastReadAt: answer.createdAt,
      lastDeliveredAt: answer.createdAt,
    });
  });

  test("M11 tells nobody on a socket", async () => {
    const { user, peer, roomId } = await createPlace();
    using socket = await peer.connect();
    const sent = await sendAll(peer, roomId, 2);
    await receipt(user, roomId, "delivery", sent[0].id);
    await receipt(user, roomId, "delivery");
    await receipt(user, roomId, "read");
    const read = await socket.next("room-read");
    expect(read).toEqual({ roomId, userId: user.id, lastReadAt: sent[1].createdAt, lastReadMessageId: sent[1].id });
    const other = ["new-message", "room-read", "tenant-presence", "tenant-presence-snapshot"];
    expect(socket.received.filter(({ event }) => !other.includes(event))).toEqual([]);
    expect(socket.of("room-read")).toHaveLength(1);
  });
});

describe("M1 the other one of two", () => {
  test("M1 peerLastReadAt and peerLastDeliveredAt are those of the other one of two, and nobody's among three", async () => {
    const { user, peer, roomId } = await createPlace();
    const path = `/chat/rooms/${roomId}/messages`;
    const [first, second, third] = await sendAll(user, roomId, 3);
    const none = { peerLastReadAt: null, peerLastDeliveredAt: null };
    expect(await peerTimes(path, user.client)).toEqual(none);
    await receipt(peer, roomId, "delivery", second.id);
    expect(await peerTimes(path, user.client)).toEqual({ ...none, peerLastDeliveredAt: second.createdAt });
    await receipt(peer, roomId, "read", first.id, two.url);
    const both = { peerLastReadAt: first.createdAt, peerLastDeliveredAt: second.createdAt };
    expect(await peerTimes(path, user.client)).toEqual(both);
    expect(await peerTimes(`${path}?viewerId=${user.id}`)).toEqual(both);
    const ofUser = { peerLastReadAt: third.createdAt, peerLastDeliveredAt: third.createdAt };
    expect(await peerTimes(`${path}?viewerId=${peer.id}`)).toEqual(ofUser);
    await receipt(peer, roomId, "read", third.id);
    expect(await peerTimes(path, user.client)).toEqual(ofUser);
    // Who does not look through anybody's eyes has no peer.
    expect(await peerTimes(path)).toEqual(none);
    const alone = await createPlace(1);
    await alone.user.send(alone.roomId, "to myself");
    expect(await peerTimes(`/chat/rooms/${alone.roomId}/messages`)).toEqual(none);
    const three = await createPlace(3);
    await three.peer.send(three.roomId, "read by its sender");
    expect(await peerTimes(`/chat/rooms/${three.roomId}/messages`, three.user.client)).toEqual(none);
  });
});

describe("M10 read, by several devices", () => {
  test("M10 three devices on two gateways read in any order: everybody hears it go forward only, up to the end", async () => {
    const { user, peer, roomId } = await createPlace();
    const sent = await sendAll(peer, roomId, 30);
    using here = await peer.connect();
    using there = await connectTestSocket(two.url, peer.token);
    const shuffled = sent.toSorted((a, b) => (a.id.at(-2) < b.id.at(-2) ? -1 : 1));
    const answers = await Promise.all(
      shuffled.map((message, n) => receipt(user, roomId, "read", message.id, n % 3 === 1 ? two.url : one.url)),
    );
    for (const [n, { status, body }] of answers.entries()) {
      expect(status).toBe(200);
      expect(body.lastReadAt >= shuffled[n].createdAt).toBe(true);
    }
    const end = sent[29];
    for (const socket of [here, there]) {
      await socket.next("room-read", ({ lastReadMessageId }) => lastReadMessageId === end.id);
    }
    // What a gateway told late of comes before a message that it tells of after that.
    const last = { senderId: peer.id, parts: [{ type: "text", text: "the end" }] };
    for (const { url } of [one, two]) {
      await createUserClient(url, peer.token).post(`/chat/rooms/${roomId}/messages`, last);
    }
    for (const socket of [here, there]) {
      await vi.waitFor(() => {
        expect(socket.of("new-message").filter(({ previewText }) => previewText === "the end")).toHaveLength(2);
      });
      const times: string[] = socket.of("room-read").map(({ lastReadAt }) => lastReadAt);
      expect(times).toEqual([...new Set(times)].toSorted());
      expect(times.at(-1)).toBe(end.createdAt);
    }
  });

  test("2.1 a backend reads in a user's name and hears which of the two is missing; to a user there is no such room", async () => {
    const { user, peer, roomId } = await createPlace();
    const [message] = await sendAll(peer, roomId, 1);
    const stranger = await createTestUser(one, one.a);
    for (const [kind, answer] of [
      ["delivery", { lastDeliveredMessageId: message.id }],
      ["read", { lastReadMessageId: message.id, unreadCount: 0 }],
    ] as const) {
      const path = `/chat/rooms/${roomId}/${kind}`;
      expect(await one.a.api.post(path, { userId: user.id })).toMatchObject({ status: 200, body: answer });
      expectRefusal(await one.a.api.post(path, {}), "actor_required");
      expectRefusal(await user.client.post(path, { userId: peer.id }), "cannot_act_as_other_user");
      expectRefusal(await one.a.api.post(path, { userId: stranger.id }), "not_a_participant");
      for (const elsewhere of [randomUUID(), "no uuid"]) {
        const answered = await one.a.api.post(`/chat/rooms/${elsewhere}/${kind}`, { userId: user.id });
        expectRefusal(answered, "room_not_found");
      }
      expectRefusal(await receipt(stranger, roomId, kind), "room_not_found");
      expectRefusal(await receipt(stranger, roomId, kind, message.id), "room_not_found");
      expectRefusal(await one.b.api.post(path, { userId: user.id }), "room_not_found");
      for (const messageId of [randomUUID(), "no uuid"]) {
        expectRefusal(await receipt(user, roomId, kind, messageId), "message_not_found");
      }
    }
  });
});
