import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Threats D01-D08, D15, D21 on rooms: who is not in a room learns nothing of it and changes nothing in it.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
});

const createUsers = async (): Promise<[TestUser, TestUser]> => [
  await createTestUser(one, one.a),
  await createTestUser(two, one.a),
];

/** Every request about something inside a room, and the same about a room that never was. */
const inRoom = (roomId: string, messageId: string, userId: string) => {
  const real = everyRequest({ roomId, messageId, userId });
  const random = everyRequest({ roomId: randomUUID(), messageId: randomUUID(), userId });
  return real.flatMap((request, n) => {
    const other = random[n];
    return request.path.includes(roomId) && other ? [{ request, other }] : [];
  });
};

const expectAsRandom = async (client: TestClient, calls: ReturnType<typeof inRoom>, userId: string): Promise<void> => {
  for (const { request, other } of calls) {
    const query = `?userId=${userId}&actorUserId=${userId}&viewerId=${userId}`;
    const real = await client.call(request.method, request.path + query, request.body);
    const random = await client.call(other.method, other.path + query, other.body);
    expect([request.id, real.status]).toEqual([request.id, random.status]);
    expect(withoutRequestId(real), request.id).toEqual(withoutRequestId(random));
    expect(real.status, request.id).toBeGreaterThanOrEqual(403);
    expect(real.status, request.id).toBeLessThan(405);
  }
};

describe("rooms of others", () => {
  test("D01 D02 a stranger of the tenant and another tenant get on everything in a room what they get on a random id", async () => {
    const [ann, bo] = await createUsers();
    const stranger = await createTestUser(two, one.a);
    const room = await createTestRoom(one.a, [ann, bo], { externalId: `secret:${randomUUID()}` });
    const message = (await ann.send(room.id, "secret")).body;
    const twin = await createTestUser(two, one.b, ann.id);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      await expectAsRandom(stranger.client, inRoom(room.id, message.id, stranger.id), stranger.id);
      await expectAsRandom(twin.client, inRoom(room.id, message.id, twin.id), twin.id);
      await expectAsRandom(one.b.api, inRoom(room.id, message.id, ann.id), ann.id);
      for (const client of [stranger.client, twin.client, one.b.api]) {
        const found = await client.get(`/chat/rooms?externalId=${encodeURIComponent(room.externalId)}`);
        expect(found.body).toEqual({ rooms: [], nextCursor: null });
      }
    });
  });

  test("D03 a participant id that only another tenant has: this tenant's own user is made, the other one hears nothing", async () => {
    const inB = await createTestUser(two, one.b);
    using socket = await inB.connect();
    const room = await requireUnchanged(one.database.adminUrl, ["b"], async () => {
      const created = await createTestRoom(one.a, [{ id: inB.id }]);
      await one.a.api.post(`/chat/rooms/${created.id}/messages`, {
        senderId: inB.id,
        parts: [{ type: "text", text: "of a" }],
      });
      await one.a.api.call("DELETE", `/chat/rooms/${created.id}`);
      return created;
    });
    expect(room.participants).toMatchObject([{ userId: inB.id, username: inB.id }]);
    const own = (await one.b.api.post("/chat/rooms", { participants: [{ id: inB.id }], name: "B" })).body;
    await socket.next("room-participants-changed");
    expect(JSON.stringify(socket.received)).not.toContain(room.id);
    expect((await inB.client.get("/chat/rooms")).body.rooms.map(({ id }: Wire) => id)).toEqual([own.id]);
  });

  test("D04 D05 D08 who was removed finds nothing of the room: no list, no count, no page with an old cursor, no live event", async () => {
    const [op, gone] = await createUsers();
    const room = await createTestRoom(one.a, [op, gone]);
    const message = (await op.send(room.id, "before")).body;
    await op.send(room.id, "before too");
    const { nextCursor } = (await gone.client.get(`/chat/rooms/${room.id}/messages?limit=1`)).body;
    using socket = await gone.connect();
    await op.client.call("DELETE", `/chat/rooms/${room.id}/participants/${gone.id}?actorUserId=${op.id}`);
    await socket.next("room-participants-changed");
    await op.send(room.id, "after");
    await one.a.api.patch(`/chat/rooms/${room.id}`, { name: "After" });
    await expectAsRandom(gone.client, inRoom(room.id, message.id, gone.id), gone.id);
    expectRefusal(
      await gone.client.get(`/chat/rooms/${room.id}/messages?cursor=${encodeURIComponent(nextCursor)}`),
      "room_not_found",
    );
    expect((await gone.client.get("/chat/rooms")).body.rooms).toEqual([]);
    expect((await gone.client.get("/chat/unread")).body).toMatchObject({ unreadCount: 0, unreadRooms: 0 });
    expect((await op.client.get(`/chat/rooms/${room.id}`)).body.participants).toMatchObject([{ userId: op.id }]);
    for (const event of ["join-room", "typing"]) {
      socket.socket.emit(event, { roomId: room.id, userId: gone.id, isTyping: true });
      await socket.next("error", (error) => error.event === event && error.code === "room_not_found");
    }
    expect(socket.of("new-message")).toEqual([]);
    expect(socket.of("room-updated")).toEqual([]);
    using again = await connectTestSocket(one.url, await mintToken(one.a.api, gone.id));
    again.socket.emit("resume", { rooms: { [room.id]: 1 } });
    expect((await again.next("resumed")).rooms).toEqual([{ roomId: room.id, reset: true, events: [] }]);
  });
});

describe("too much", () => {
  test("D15 a room with one participant who cannot be in it is not made at all, and neither are the other users", async () => {
    const fresh = `fresh_${randomUUID()}`;
    await requireUnchanged(one.database.adminUrl, ["a"], async () => {
      for (const bad of [{ id: "" }, { id: "x".repeat(limits.userIdCharsMax + 1) }, { id: fresh }, { id: null }]) {
        const { status, body } = await one.a.api.post("/chat/rooms", { participants: [{ id: fresh }, bad] });
        expect([status, body.code]).toEqual([400, "invalid_request"]);
      }
    });
  });

  test("D21 10,000 participants, a name of 10 MB, metadata of 1 MB: refused at the documented caps", async () => {
    const people = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `crowd_${n}` }));
    const create = (body: object) => one.a.api.post("/chat/rooms", { participants: people(2), ...body });
    await requireUnchanged(one.database.adminUrl, ["a"], async () => {
      for (const count of [limits.roomCreateParticipantsMax + 1, limits.roomParticipantsMax]) {
        const tooMany = await create({ participants: people(count) });
        expect(tooMany).toMatchObject({ status: 400, body: { code: "invalid_request" } });
      }
      expectRefusal(await create({ name: "x".repeat(10_000_000) }), "body_too_large");
      expectRefusal(await create({ metadata: { x: "x".repeat(1_000_000) } }), "body_too_large");
      for (const body of [
        { name: "x".repeat(limits.roomNameCharsMax + 1) },
        { metadata: { x: "x".repeat(limits.metadataBytesMax) } },
      ]) {
        expect(await create(body)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
      }
    });
    const most = await create({
      participants: people(limits.roomCreateParticipantsMax),
      name: "x".repeat(limits.roomNameCharsMax),
    });
    expect(most.status).toBe(201);
    expect(most.body.participants).toHaveLength(limits.roomCreateParticipantsMax);
  });
});
