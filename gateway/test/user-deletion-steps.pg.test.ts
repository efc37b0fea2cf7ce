import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { plantMessages } from "../../scripts/testing/plant-crowd.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// K08: the deletion of a user in steps, again, at the same time as other things, and what comes after it.

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

const newUser = () => createTestUser(one, one.a);
const deleteUser = (id: string, messages = false) =>
  one.a.api.call("DELETE", `/users/${id}?deleteMessages=${messages}`);
const direct = { name: null, kind: "direct" };

/** Rows of a user's messages that are not deleted, and not the server's. */
const undeletedOf = async (senderId: string): Promise<Wire[]> =>
  ((await readTenantRows(one.database.adminUrl, "a"))["messages"] ?? [])
    .map((row) => JSON.parse(row))
    .filter((row: Wire) => row.sender_id === senderId && row.deleted_at === null)
    .filter((row: Wire) => row.parts[0]?.type !== "data-membership");

describe("K08 again", () => {
  test("K08 a deletion that is done changes nothing when it is repeated, and can be asked to take the messages too", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const [group, both] = [await createTestRoom(one.a, [ann, bo]), await createTestRoom(one.a, [ann, bo], direct)];
    for (const { id } of [group, both]) await ann.send(id, "to stay at first");
    expect((await deleteUser(ann.id)).body).toEqual({ ok: true, userId: ann.id, done: true });
    const again = await requireUnchanged(one.database.adminUrl, ["a", "b"], () => deleteUser(ann.id));
    expect(again).toMatchObject({ status: 200, body: { done: true } });
    // What the other one writes meanwhile is no reason to do anything again.
    await bo.send(both.id, "hello?");
    await requireUnchanged(one.database.adminUrl, ["a", "b"], () => deleteUser(ann.id));
    expect(await undeletedOf(ann.id)).toHaveLength(2);
    expect((await deleteUser(ann.id, true)).body).toMatchObject({ done: true });
    expect(await undeletedOf(ann.id)).toEqual([]);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], () => deleteUser(ann.id, true));
  });

  test("K08 5 at once: each message is deleted once, each group left once", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const rooms = [];
    for (let n = 1; n <= 3; n++) rooms.push(await createTestRoom(one.a, [ann, bo]));
    for (const { id } of rooms) for (let n = 1; n <= 5; n++) await ann.send(id, `message ${n}`);
    const answers = await Promise.all(Array.from({ length: 5 }, () => deleteUser(ann.id, true)));
    expect(answers.map(({ status, body }) => [status, body.done])).toEqual(Array(5).fill([200, true]));
    for (const { id } of rooms) {
      const events = await readLogRows(one.database.adminUrl, id);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(events.filter(({ type }) => type === "message.updated")).toHaveLength(5);
      expect(events.filter(({ type }) => type === "participants.changed")).toHaveLength(2);
    }
  });

  test("K08 a user that never was, and one of the other tenant: 404", async () => {
    const ofB = await createTestUser(one, one.b);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      for (const id of ["nobody", ofB.id]) expectRefusal(await deleteUser(id), "user_not_found");
      expect((await one.a.api.call("DELETE", `/users/${ofB.id}?deleteMessages=yes`)).body.code).toBe("invalid_request");
    });
  });
});

describe("K08 much of it", () => {
  test("K08 more than fits into one call: done is false, each call is answered in time, and repeating it ends", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const room = await createTestRoom(one.a, [ann, bo]);
    await plantMessages(one.database.adminUrl, room.id, ann.id, 3000);
    await plantMessages(one.database.adminUrl, room.id, bo.id, 100);
    let calls = 0;
    let left = 3000;
    for (let done = false; !done; calls++) {
      const startedAt = performance.now();
      const answer = await deleteUser(ann.id, true);
      expect(answer.status).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(4500);
      ({ done } = answer.body);
      const now = (await undeletedOf(ann.id)).length;
      expect(now).toBeLessThan(left);
      left = now;
    }
    expect(calls).toBeGreaterThan(1);
    expect(left).toBe(0);
    expect(await undeletedOf(bo.id)).toHaveLength(100);
  }, 90_000);
});

describe("K08 wherever the user is", () => {
  test("K08 frozen rooms, rooms that were deleted, rooms that the user had hidden or is alone in", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const frozen = await createTestRoom(one.a, [bo, ann]);
    const gone = await createTestRoom(one.a, [bo, ann]);
    const alone = await createTestRoom(one.a, [ann]);
    const hidden = await createTestRoom(one.a, [ann, bo], direct);
    for (const { id } of [frozen, gone, alone, hidden]) expect((await ann.send(id, "words")).status).toBe(201);
    await one.a.api.patch(`/chat/rooms/${frozen.id}`, { isFrozen: true });
    await one.a.api.call("DELETE", `/chat/rooms/${gone.id}`);
    await ann.client.call("DELETE", `/chat/rooms/${hidden.id}/for-me`);
    expect((await deleteUser(ann.id, true)).body).toMatchObject({ done: true });
    expect(await undeletedOf(ann.id)).toEqual([]);
    const rows = (await readTenantRows(one.database.adminUrl, "a"))["participants"] ?? [];
    const mine = rows.map((row) => JSON.parse(row)).filter((row: Wire) => row.user_id === ann.id);
    expect(mine.map((row: Wire) => row.room_id)).toEqual([hidden.id]);
    expect((await bo.client.get(`/chat/rooms/${frozen.id}`)).body.participants).toHaveLength(1);
  });

  test("K08 while she writes, and is taken into rooms, by two gateways: in the end she is in no group, and none of it is left", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const rooms = [];
    for (let n = 1; n <= 5; n++) rooms.push(await createTestRoom(one.a, [ann, bo]));
    const there = createUserClient(two.url, ann.token);
    const writing = Promise.all(
      rooms.flatMap(({ id }) =>
        Array.from({ length: 10 }, (_, n) =>
          there.post(`/chat/rooms/${id}/messages`, { parts: [{ type: "text", text: `${n}` }] }),
        ),
      ),
    );
    const deleting = Promise.all([deleteUser(ann.id, true), deleteUser(ann.id, true)]);
    for (const { status } of await writing) expect([201, 401, 404]).toContain(status);
    for (const { body } of await deleting) expect(body.done).toBe(true);
    expect(await undeletedOf(ann.id)).toEqual([]);
    for (const { id } of rooms) {
      const { body } = await bo.client.get(`/chat/rooms/${id}`);
      expect(body.participants.map(({ userId }: Wire) => userId)).toEqual([bo.id]);
    }
  });
});

describe("K08 the id afterwards", () => {
  test("K08 an upsert makes a new user: 201, without anything of the one before, whose tokens stay dead", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const full = { username: "Ann", appCode: "x", avatarUrl: "https://a.example/x", metadata: { a: 1 } };
    const before = await one.a.api.post("/users", { id: ann.id, ...full });
    await createTestRoom(one.a, [ann, bo]);
    const both = await createTestRoom(one.a, [ann, bo], { ...direct, externalId: `dm:${ann.id}:${bo.id}` });
    await bo.send(both.id, "for the one before");
    await ann.client.post("/users/me/device-tokens", { provider: "FCM", token: `token-${ann.id}` });
    await one.a.api.post(`/users/${ann.id}/deactivate`);
    await deleteUser(ann.id);

    const back = await one.a.api.post("/users", { id: ann.id, username: "Anna" });
    const empty = { appCode: null, avatarUrl: null, metadata: null, deactivatedAt: null };
    expect(back).toMatchObject({ status: 201, body: { id: ann.id, username: "Anna", ...empty } });
    expect(Date.parse(back.body.createdAt)).toBeGreaterThan(Date.parse(before.body.createdAt));
    expect((await one.a.api.post("/users", { id: ann.id, username: "Anna" })).status).toBe(200);
    // At once on every gateway, whatever it remembers of the one before.
    const token = await mintToken(one.a.api, ann.id);
    for (const { url } of [one, two]) {
      const client = createUserClient(url, token);
      expect((await client.get("/chat/rooms")).body.rooms).toEqual([]);
      expect((await client.get("/users/me/device-tokens")).body.devices).toEqual([]);
      expectRefusal(await createUserClient(url, ann.token).get("/chat/rooms"), "unauthorized");
    }
    // The direct room of the two is theirs again, and begins where the new one came.
    const client = createUserClient(one.url, token);
    const next = await bo.send(both.id, "welcome");
    const rooms = (await client.get("/chat/rooms")).body.rooms;
    expect(rooms).toMatchObject([{ id: both.id, unreadCount: 1, lastMessage: { previewText: "welcome" } }]);
    expect((await messageCalls(client).list(both.id)).body.messages.map(({ id }: Wire) => id)).toEqual([next.body.id]);
  });

  test("K08 being taken into a room makes a new user too; and a second deletion goes through all of it again", async () => {
    const [ann, bo] = [await newUser(), await newUser()];
    const group = await createTestRoom(one.a, [bo, ann]);
    const both = await createTestRoom(one.a, [ann, bo], direct);
    await deleteUser(ann.id, true);
    await one.a.api.post(`/chat/rooms/${group.id}/participants`, { userId: ann.id, username: "Anna" });
    expect((await one.a.api.get(`/users/${ann.id}`)).body).toMatchObject({ username: "Anna", metadata: null });
    const client = createUserClient(one.url, await mintToken(one.a.api, ann.id));
    for (const { id } of [group, both]) {
      const sent = await client.post(`/chat/rooms/${id}/messages`, { parts: [{ type: "text", text: "second life" }] });
      expect(sent.status).toBe(201);
    }
    expect((await deleteUser(ann.id, true)).body).toMatchObject({ done: true });
    expect(await undeletedOf(ann.id)).toEqual([]);
    expectRefusal(await client.get("/chat/rooms"), "unauthorized");
    const { body } = await bo.client.get(`/chat/rooms/${group.id}/messages`);
    const names = body.messages.map(({ previewText }: Wire) => previewText).filter(Boolean);
    expect(names).toEqual(["Deleted user left", "Deleted user joined", "Deleted user left"]);
  });
});
