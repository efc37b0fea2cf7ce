import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §7: what a participant does with a conversation for itself alone.

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

/** Two people, each on a gateway of its own. */
const createUsers = async (): Promise<[TestUser, TestUser]> => [
  await createTestUser(one, one.a),
  await createTestUser(two, one.a),
];
const createDirect = (...users: TestUser[]): Promise<Wire> =>
  createTestRoom(one.a, users, { kind: "direct", name: undefined });
const clear = (client: TestClient, roomId: string, body: object = {}) =>
  client.post(`/chat/rooms/${roomId}/clear-history`, body);
const deleteForMe = (client: TestClient, roomId: string, query = "") =>
  client.call("DELETE", `/chat/rooms/${roomId}/for-me${query}`);
const idsIn = async (client: TestClient, query = ""): Promise<string[]> =>
  (await client.get(`/chat/rooms${query}`)).body.rooms.map(({ id }: Wire) => id);
const roomOf = async ({ client }: TestUser, roomId: string): Promise<Wire> => {
  const detail = (await client.get(`/chat/rooms/${roomId}`)).body;
  const inList = (await client.get("/chat/rooms")).body.rooms.find(({ id }: Wire) => id === roomId);
  if (inList) expect(detail).toMatchObject(inList);
  return detail;
};
const textsOf = async ({ client }: TestUser, roomId: string): Promise<string[]> =>
  (await client.get(`/chat/rooms/${roomId}/messages`)).body.messages.map(({ previewText }: Wire) => previewText);

describe("7.2 clear history", () => {
  test("R9 messages up to now are gone for the one who clears: not listed, not last, not unread, not found; the other has all", async () => {
    const [ann, bo] = await createUsers();
    const room = await createDirect(ann, bo);
    const sent = (await bo.send(room.id, "old")).body;
    await ann.send(room.id, "older than the cut");
    const last = (await bo.send(room.id, "the last")).body;
    expect(await roomOf(ann, room.id)).toMatchObject({ unreadCount: 1, lastMessage: { previewText: "the last" } });
    const cleared = await clear(ann.client, room.id, { userId: ann.id });
    expect(cleared).toMatchObject({
      status: 200,
      body: { ok: true, roomId: room.id, userId: ann.id, clearedAt: last.createdAt },
    });
    expect(await roomOf(ann, room.id)).toMatchObject({ unreadCount: 0, lastMessage: null, lastReadMessageId: null });
    expect(await textsOf(ann, room.id)).toEqual([]);
    expectRefusal(await ann.client.get(`/chat/rooms/${room.id}/messages/${sent.id}`), "message_not_found");
    expect(await idsIn(ann.client)).toContain(room.id);
    expect(await textsOf(bo, room.id)).toEqual(["the last", "older than the cut", "old"]);
    expect(await roomOf(bo, room.id)).toMatchObject({ lastMessage: { previewText: "the last" }, unreadCount: 0 });
    const next = (await bo.send(room.id, "new")).body;
    expect(await roomOf(ann, room.id)).toMatchObject({
      unreadCount: 1,
      lastMessage: { previewText: "new", createdAt: next.createdAt },
    });
    expect(await textsOf(ann, room.id)).toEqual(["new"]);
  });

  test("R9 clearing reads the room: the other one is told once, and nothing when all was read", async () => {
    const [ann, bo] = await createUsers();
    const room = await createDirect(ann, bo);
    await bo.send(room.id, "one");
    const last = (await bo.send(room.id, "two")).body;
    using bos = await bo.connect();
    await clear(ann.client, room.id);
    const read = { roomId: room.id, userId: ann.id, lastReadAt: last.createdAt, lastReadMessageId: last.id };
    expect(await bos.next("room-read")).toEqual(read);
    await clear(ann.client, room.id);
    await ann.send(room.id, "marker");
    await bos.next("new-message");
    expect(bos.of("room-read")).toEqual([read]);
    expect((await bo.client.get(`/chat/rooms/${room.id}/messages`)).body.peerLastReadAt >= last.createdAt).toBe(true);
  });

  test("R9 clearing an empty room, and again, works; a cut never moves back", async () => {
    const [ann, bo] = await createUsers();
    const room = await createDirect(ann, bo);
    const first = (await clear(ann.client, room.id)).body.clearedAt;
    expect((await clear(ann.client, room.id)).body.clearedAt).toBe(first);
    const sends = Array.from({ length: 20 }, (_, n) => bo.send(room.id, `${n}`));
    const cuts = await Promise.all([...Array(10)].map(() => clear(ann.client, room.id)));
    const sent = await Promise.all(sends);
    const cut =
      cuts
        .map(({ body }) => String(body.clearedAt))
        .toSorted()
        .at(-1) ?? "";
    const shown = (await ann.client.get(`/chat/rooms/${room.id}/messages`)).body.messages;
    const later = sent.flatMap(({ body }) => (body.createdAt > cut ? [String(body.id)] : []));
    expect(shown.map(({ id }: Wire) => id).toSorted()).toEqual(later.toSorted());
    expect(await roomOf(ann, room.id)).toMatchObject({ unreadCount: later.length });
  });

  test("R9 in a group the line about a change counts as a message for the last one, not as unread", async () => {
    const [ann, bo] = await createUsers();
    const room = await createTestRoom(one.a, [ann, bo]);
    await clear(bo.client, room.id);
    await one.a.api.post(`/chat/rooms/${room.id}/participants`, {
      userId: `cy_${randomUUID()}`,
      username: "Cy",
      actorUserId: ann.id,
    });
    expect(await roomOf(bo, room.id)).toMatchObject({ unreadCount: 0, lastMessage: { previewText: "Cy joined" } });
    await clear(bo.client, room.id);
    expect(await roomOf(bo, room.id)).toMatchObject({ unreadCount: 0, lastMessage: null });
  });
});

describe("7.3 delete for me", () => {
  test("R8 a direct room leaves the list, and comes back with the next message, without what was before", async () => {
    const [ann, bo] = await createUsers();
    const room = await createDirect(ann, bo);
    const last = (await bo.send(room.id, "old")).body;
    expect(await deleteForMe(ann.client, room.id, `?userId=${ann.id}`)).toMatchObject({
      status: 200,
      body: {
        ok: true,
        roomId: room.id,
        userId: ann.id,
        action: "hidden",
        left: false,
        hidden: true,
        clearedAt: last.createdAt,
      },
    });
    expect(await idsIn(ann.client)).toEqual([]);
    expect(await idsIn(one.a.api, `?participantId=${ann.id}`)).toEqual([]);
    expect((await ann.client.get("/chat/unread")).body).toMatchObject({ unreadCount: 0, unreadRooms: 0 });
    // It is hers all the same, and everybody else's as it was.
    expect(await roomOf(ann, room.id)).toMatchObject({ id: room.id, lastMessage: null, unreadCount: 0 });
    expect(await idsIn(bo.client)).toEqual([room.id]);
    expect(await idsIn(one.a.api, "?limit=100")).toContain(room.id);
    using anns = await ann.connect();
    await bo.send(room.id, "new");
    await anns.next("new-message");
    expect(await idsIn(ann.client)).toEqual([room.id]);
    expect(await roomOf(ann, room.id)).toMatchObject({ unreadCount: 1, lastMessage: { previewText: "new" } });
    expect(await textsOf(ann, room.id)).toEqual(["new"]);
    expect(await textsOf(bo, room.id)).toEqual(["new", "old"]);
  });

  test("R8 an empty direct room is hidden too; only a message brings it back, whoever sends it", async () => {
    const [ann, bo] = await createUsers();
    const room = await createDirect(ann, bo);
    await deleteForMe(ann.client, room.id);
    await deleteForMe(ann.client, room.id);
    await one.a.api.patch(`/chat/rooms/${room.id}`, { metadata: { changed: true } });
    await clear(bo.client, room.id);
    expect(await idsIn(ann.client)).toEqual([]);
    await ann.send(room.id, "my own");
    expect(await idsIn(ann.client)).toEqual([room.id]);
  });

  test("R8 a group is left, by who is no operator too, with its line and its events", async () => {
    const [ann, bo] = await createUsers();
    const room = await createTestRoom(one.a, [ann, bo]);
    using anns = await ann.connect();
    using bos = await bo.connect();
    const { status, body } = await deleteForMe(bo.client, room.id);
    expect([status, body]).toMatchObject([200, { userId: bo.id, action: "left", left: true, hidden: false }]);
    const told = { roomId: room.id, action: "left", actorUserId: bo.id, targetUserId: bo.id };
    expect(await anns.next("room-participants-changed")).toMatchObject(told);
    expect(await bos.next("room-participants-changed")).toMatchObject(told);
    const line = await anns.next("new-message");
    expect(line).toMatchObject({ previewText: `Name of ${bo.id} left`, createdAt: body.clearedAt });
    expect(await idsIn(bo.client)).toEqual([]);
    expectRefusal(await bo.client.get(`/chat/rooms/${room.id}`), "room_not_found");
    expectRefusal(await deleteForMe(bo.client, room.id), "room_not_found");
  });

  test("R8 the last operator hands over, and the last of all leaves an empty room", async () => {
    const [ann, bo] = await createUsers();
    const room = await createTestRoom(one.a, [ann, bo]);
    await deleteForMe(ann.client, room.id);
    expect((await roomOf(bo, room.id)).participants).toMatchObject([{ userId: bo.id, role: "OPERATOR" }]);
    await deleteForMe(bo.client, room.id);
    expect((await one.a.api.get(`/chat/rooms/${room.id}`)).body.participants).toEqual([]);
  });
});

describe("2.1 whose conversation", () => {
  test("D01 D02 strangers and other tenants: as a random id; a backend names one, and is told what is missing", async () => {
    const [ann, bo] = await createUsers();
    const stranger = await createTestUser(two, one.a);
    const direct = await createDirect(ann, bo);
    const group = await createTestRoom(one.a, [ann, bo]);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      for (const { id } of [direct, group]) {
        for (const [client, query, body] of [
          [stranger.client, "", {}],
          [one.b.api, `?userId=${ann.id}`, { userId: ann.id }],
        ] as const) {
          const unknown = randomUUID();
          for (const [real, random] of [
            [await clear(client, id, body), await clear(client, unknown, body)],
            [await deleteForMe(client, id, query), await deleteForMe(client, unknown, query)],
          ] as const) {
            expectRefusal(real, "room_not_found");
            expect(withoutRequestId(real)).toEqual(withoutRequestId(random));
          }
        }
        expectRefusal(await clear(bo.client, id, { userId: ann.id }), "cannot_act_as_other_user");
        expectRefusal(await deleteForMe(bo.client, id, `?userId=${ann.id}`), "cannot_act_as_other_user");
        expectRefusal(await clear(one.a.api, id), "actor_required");
        expectRefusal(await deleteForMe(one.a.api, id), "actor_required");
        expectRefusal(await clear(one.a.api, id, { userId: stranger.id }), "not_a_participant");
        expectRefusal(await deleteForMe(one.a.api, id, `?userId=${stranger.id}`), "not_a_participant");
      }
      expectRefusal(await clear(ann.client, "no-uuid"), "room_not_found");
    });
    expect((await clear(one.a.api, direct.id, { userId: ann.id })).status).toBe(200);
    expect((await deleteForMe(one.a.api, group.id, `?userId=${bo.id}`)).body.action).toBe("left");
  });
});
