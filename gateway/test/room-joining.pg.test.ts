import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §3.2, R5 and R6: who comes into a group, and goes.

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

const createUsers = async (): Promise<[TestUser, TestUser, TestUser]> => [
  await createTestUser(one, one.a),
  await createTestUser(two, one.a),
  await createTestUser(two, one.a),
];
const add = (client: TestClient, roomId: string, body: object) =>
  client.post(`/chat/rooms/${roomId}/participants`, body);
const remove = (client: TestClient, roomId: string, userId: string, query = "") =>
  client.call("DELETE", `/chat/rooms/${roomId}/participants/${userId}${query}`);
const inList = async ({ client }: TestUser, roomId: string): Promise<Wire> =>
  (await client.get("/chat/rooms")).body.rooms.find(({ id }: Wire) => id === roomId);

describe("R5 who comes", () => {
  test("R5 reads all that was written before, and has none of it unread; what comes from then on counts", async () => {
    const [op, bo, late] = await createUsers();
    const room = await createTestRoom(one.a, [op, bo]);
    for (const text of ["one", "two", "three"]) await op.send(room.id, text);
    const added = await add(op.client, room.id, { userId: late.id, actorUserId: op.id });
    expect(added.status).toBe(200);
    expect(added.body.participants.at(-1)).toMatchObject({
      userId: late.id,
      role: "MEMBER",
      lastReadAt: null,
      lastReadMessageId: null,
      lastDeliveredAt: null,
    });
    const line = `Name of ${late.id} joined`;
    expect(await inList(late, room.id)).toMatchObject({
      unreadCount: 0,
      lastReadMessageId: null,
      lastMessage: { previewText: line },
    });
    const { messages } = (await late.client.get(`/chat/rooms/${room.id}/messages`)).body;
    expect(messages.map(({ previewText }: Wire) => previewText)).toEqual([line, "three", "two", "one"]);
    await op.send(room.id, "four");
    expect(await inList(late, room.id)).toMatchObject({ unreadCount: 1 });
    expect(await inList(bo, room.id)).toMatchObject({ unreadCount: 4 });
    // A mark on something from before moves nothing.
    const read = await late.client.post(`/chat/rooms/${room.id}/read`, { lastReadMessageId: messages.at(-1).id });
    expect(read.body).toMatchObject({ unreadCount: 1, lastReadAt: null });
  });

  test("D08 who was removed and is added again starts anew: nothing of the read marks or of a cut is left", async () => {
    const [op, bo] = await createUsers();
    const room = await createTestRoom(one.a, [op, bo]);
    await op.send(room.id, "before");
    await bo.client.post(`/chat/rooms/${room.id}/read`, {});
    await bo.client.post(`/chat/rooms/${room.id}/clear-history`, {});
    const without = await remove(op.client, room.id, bo.id, `?actorUserId=${op.id}`);
    expect(without.body.participants.map(({ userId }: Wire) => userId)).toEqual([op.id]);
    await op.send(room.id, "while away");
    const again = await add(op.client, room.id, { userId: bo.id, actorUserId: op.id });
    expect(again.body.participants.at(-1)).toMatchObject({ userId: bo.id, lastReadAt: null, lastReadMessageId: null });
    expect(await inList(bo, room.id)).toMatchObject({ unreadCount: 0 });
    const { messages } = (await bo.client.get(`/chat/rooms/${room.id}/messages`)).body;
    expect(messages.map(({ previewText }: Wire) => previewText)).toEqual(
      expect.arrayContaining(["before", "while away"]),
    );
  });

  test("R5 a new user is made and named; with a session token nobody gets another name, with an API key one does", async () => {
    const [op, bo, cy] = await createUsers();
    const room = await createTestRoom(one.a, [op]);
    const nameOf = (answer: Wire, userId: string) =>
      answer.body.participants.find((one: Wire) => one.userId === userId).username;
    const [fresh, nameless] = [`fresh_${randomUUID()}`, `nameless_${randomUUID()}`];
    expect(nameOf(await add(op.client, room.id, { userId: fresh, username: "Fresh" }), fresh)).toBe("Fresh");
    expect(nameOf(await add(op.client, room.id, { userId: nameless }), nameless)).toBe(nameless);
    expect(nameOf(await add(op.client, room.id, { userId: bo.id, username: "Boss" }), bo.id)).toBe(`Name of ${bo.id}`);
    expect(nameOf(await add(one.a.api, room.id, { userId: cy.id, username: "Cy" }), cy.id)).toBe("Cy");
    expect(nameOf(await add(one.a.api, room.id, { userId: bo.id, username: "Bo" }), bo.id)).toBe("Bo");
  });

  test("R5 a call that is refused makes no user, names nobody and adds nobody", async () => {
    const [op, member, stranger] = await createUsers();
    const room = await createTestRoom(one.a, [op, member]);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      for (const userId of [`new_${randomUUID()}`, op.id]) {
        const body = { userId, username: "Not taken" };
        expectRefusal(await add(member.client, room.id, body), "operator_required");
        expectRefusal(await add(stranger.client, room.id, body), "room_not_found");
        expectRefusal(await add(one.b.api, room.id, body), "room_not_found");
        expectRefusal(await add(one.a.api, randomUUID(), body), "room_not_found");
        expectRefusal(await add(op.client, room.id, { ...body, actorUserId: member.id }), "cannot_act_as_other_user");
      }
    });
  });

  test("R5 K08 a deleted user who is added, or named for a new room, comes back as a new one, without its old sessions", async () => {
    const [op] = await createUsers();
    const room = await createTestRoom(one.a, [op]);
    for (const bring of [
      (userId: string) => add(op.client, room.id, { userId, username: "New" }),
      (userId: string) => one.a.api.post("/chat/rooms", { name: "N", participants: [{ id: userId, username: "New" }] }),
    ]) {
      const back = await createTestUser(one, one.a);
      await one.a.api.patch(`/users/${back.id}`, { avatarUrl: "https://old.example/", metadata: { old: true } });
      const gone = await one.a.api.call("DELETE", `/users/${back.id}`);
      expect(gone.status).toBe(200);
      expect((await one.a.api.get(`/users/${back.id}`)).status).toBe(404);
      const { participants } = (await bring(back.id)).body;
      expect(participants.find(({ userId }: Wire) => userId === back.id)).toMatchObject({ username: "New" });
      expect((await one.a.api.get(`/users/${back.id}`)).body).toMatchObject({ avatarUrl: null, metadata: null });
      expectRefusal(await back.client.get("/chat/rooms"), "unauthorized");
      expect((await createTestUser(one, one.a, back.id)).id).toBe(back.id);
    }
  });

  test("R5 who is in as many rooms as can be is not added to another", async () => {
    const [op, full] = await createUsers();
    const room = await createTestRoom(one.a, [op]);
    await runOn(
      one.database.adminUrl,
      `insert into sendsar.rooms (tenant_id, room_id, kind, last_seq, last_event_at, activity_at, created_at)
       select 'a', gen_random_uuid(), 'group', 0, now(), now(), now() from generate_series(1, ${limits.userRoomsMax})`,
      `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
       select 'a', room_id, '${full.id}', 'MEMBER', now() from sendsar.rooms where last_seq = 0`,
    );
    expectRefusal(await add(op.client, room.id, { userId: full.id }), "too_many_rooms");
    expectRefusal(await one.a.api.post("/chat/rooms", { participants: [{ id: full.id }] }), "too_many_rooms");
    await runOn(
      one.database.adminUrl,
      `delete from sendsar.participants where user_id = '${full.id}' and room_id in (
         select room_id from sendsar.rooms where last_seq = 0 limit 1)`,
    );
    expect((await add(op.client, room.id, { userId: full.id })).status).toBe(200);
  });
});

describe("CB 16 who goes", () => {
  test("CB 16.19 CB 16.20 who leaves needs not be operator, gets the room as it stands, and hears of it; so does who is removed", async () => {
    const [op, bo, cy] = await createUsers();
    const room = await createTestRoom(one.a, [op, bo, cy]);
    using bos = await bo.connect();
    using cys = await cy.connect();
    const left = await remove(bo.client, room.id, bo.id, `?actorUserId=${bo.id}`);
    expect(left).toMatchObject({
      status: 200,
      body: { id: room.id, lastMessage: { previewText: `Name of ${bo.id} left` } },
    });
    expect(left.body.participants.map(({ userId }: Wire) => userId)).toEqual([op.id, cy.id].toSorted());
    const told = { roomId: room.id, action: "left", actorUserId: bo.id, targetUserId: bo.id };
    expect(await bos.next("room-participants-changed")).toMatchObject(told);
    expect(await cys.next("room-participants-changed")).toMatchObject(told);
    await remove(op.client, room.id, cy.id, `?actorUserId=${op.id}`);
    const removed = { roomId: room.id, action: "removed", actorUserId: op.id, targetUserId: cy.id };
    expect(await cys.next("room-participants-changed", ({ action }) => action === "removed")).toMatchObject(removed);
    // Who had gone before hears nothing more.
    await op.send((await createTestRoom(one.a, [op, bo])).id, "elsewhere");
    await bos.next("new-message", ({ previewText }) => previewText === "elsewhere");
    expect(bos.of("room-participants-changed").filter(({ roomId }) => roomId === room.id)).toHaveLength(1);
  });

  test("CB 16.12 a client that leaves the room's view with a bare string is answered, and stays a participant", async () => {
    const [op, bo] = await createUsers();
    const room = await createTestRoom(one.a, [op, bo]);
    using bos = await bo.connect();
    bos.socket.emit("join-room", { roomId: room.id, userId: bo.id });
    await bos.next("joined-room");
    bos.socket.emit("leave-room", room.id);
    expect(await bos.next("left-room")).toEqual({ roomId: room.id });
    await op.send(room.id, "still heard");
    await bos.next("new-message", ({ previewText }) => previewText === "still heard");
  });
});
