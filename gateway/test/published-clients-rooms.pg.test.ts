import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PublishedClient } from "../../scripts/testing/published-client.ts";
import { publishedHeaders } from "../../scripts/testing/published-client.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { createPublishedScene, startTwoGateways, text } from "../../scripts/testing/published-scene.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";

// What the published clients rely on (contract §16), as they do it, on two gateways over one database: rooms and refusals.

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(gateways.one), ...loggedFailures(gateways.two)]).toEqual([]);
});

const send = (by: PublishedClient, path: string, value: string): Promise<Wire> =>
  by.call("POST", `${path}/messages`, { senderId: by.userId, parts: text(value) });

describe("W11 errors", () => {
  test("W11 error and message are a sentence for people, statusCode is a number, at both gateways", async () => {
    const { one, apiUrls } = gateways;
    const { token } = await createTestUser(one, one.a);
    for (const apiUrl of apiUrls) {
      const calls: readonly (readonly [number, string, RequestInit])[] = [
        [400, "/chat/rooms?cursor=x", { headers: publishedHeaders(token) }],
        [401, "/chat/rooms", { headers: publishedHeaders("wrong") }],
        [403, "/tenant/settings", { headers: publishedHeaders(token) }],
        [404, `/chat/rooms/${randomUUID()}`, { headers: publishedHeaders(token) }],
        [404, "/nowhere", { headers: publishedHeaders(token) }],
        [405, "/chat/rooms", { method: "PUT", headers: publishedHeaders(token) }],
        [415, "/chat/uploads/presign", { method: "POST", body: "x", headers: { Authorization: `Bearer ${token}` } }],
      ];
      for (const [status, path, init] of calls) {
        const answer = await fetch(`${apiUrl}${path}`, init);
        const body = (await answer.json()) as Wire;
        expect([path, answer.status, body.statusCode]).toEqual([path, status, status]);
        expect(body.error, path).toMatch(/^[A-Z][^_]+ [^_]+$/);
        expect(body.message, path).toBe(body.error);
      }
    }
  });

  test("W11 the sentence that a client shows is the one for people", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, path } = scene;
    const asBo = ann.call("POST", `${path}/messages`, { senderId: bo.userId, parts: text("not mine") });
    await expect(asBo).rejects.toThrow(`Sendsar ${path}/messages failed: 403: Cannot act as another user`);
  });
});

describe("W13 a session acts as its user alone", () => {
  test("W13 senderId, userId and actorUserId of somebody else: 403, and nothing is changed", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path, room } = scene;
    const { id } = await send(ann, path, "hello");
    await cy.socket.next("new-message");
    const as = { userId: bo.userId };
    const message = `${path}/messages/${id}`;
    const calls: readonly (readonly [string, string, unknown?])[] = [
      ["POST", `${path}/messages`, { senderId: bo.userId, parts: text("not mine") }],
      ["PATCH", message, { ...as, parts: text("not mine") }],
      ["DELETE", `${message}?userId=${bo.userId}`],
      ["POST", `${message}/reactions`, { ...as, emoji: "👍" }],
      ["POST", `${message}/pin`, as],
      ["DELETE", `${message}/pin?userId=${bo.userId}`],
      ["POST", `${message}/forward`, { ...as, targetRoomIds: [room.id] }],
      ["POST", `${path}/read`, as],
      ["POST", `${path}/delivery`, as],
      ["POST", `${path}/clear-history`, as],
      ["DELETE", `${path}/for-me?userId=${bo.userId}`],
      ["POST", `${path}/participants`, { userId: "somebody", actorUserId: bo.userId }],
      ["DELETE", `${path}/participants/${cy.userId}?actorUserId=${bo.userId}`],
      ["GET", `/chat/rooms?participantId=${bo.userId}`],
    ];
    const before = await bo.call("GET", `${path}/messages`);
    for (const [method, callPath, body] of calls) {
      await expect(ann.call(method, callPath, body), `${method} ${callPath}`).rejects.toThrow(
        "failed: 403: Cannot act as another user",
      );
    }
    expect(await bo.call("GET", `${path}/messages`)).toEqual(before);
    expect((await bo.call("GET", path)).participants).toHaveLength(3);
    expect(cy.socket.of("message-updated")).toEqual([]);
  });

  test("W13 left out, it is the session's user", async () => {
    using scene = await createPublishedScene(gateways);
    const sent = await scene.bo.call("POST", `${scene.path}/messages`, { parts: text("mine") });
    expect(sent.senderId).toBe(scene.bo.userId);
  });
});

describe("W19 W20 who leaves", () => {
  test("W19 a member who is no operator removes itself and gets the room as it stands", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path, room } = scene;
    const left = await bo.call("DELETE", `${path}/participants/${bo.userId}?actorUserId=${bo.userId}`);
    expect(left).toMatchObject({ id: room.id, name: room.name, createdAt: room.createdAt });
    expect(left.participants.map(({ userId }: Wire) => userId).toSorted()).toEqual([ann.userId, cy.userId].toSorted());
    await expect(bo.call("DELETE", `${path}/participants/${cy.userId}?actorUserId=${bo.userId}`)).rejects.toThrow(
      "failed: 404: ",
    );
  });

  test("W20 C24 whoever was removed, or left, hears of it, on the other gateway, without having opened the room", async () => {
    using scene = await createPublishedScene(gateways);
    const { ann, bo, cy, path, room } = scene;
    await ann.call("DELETE", `${path}/participants/${cy.userId}?actorUserId=${ann.userId}`);
    await bo.call("DELETE", `${path}/participants/${bo.userId}?actorUserId=${bo.userId}`);
    const changes = [
      { roomId: room.id, action: "removed", actorUserId: ann.userId, targetUserId: cy.userId },
      { roomId: room.id, action: "left", actorUserId: bo.userId, targetUserId: bo.userId },
    ] as const;
    const seen = (client: PublishedClient, { targetUserId }: { readonly targetUserId: string }) =>
      client.socket.next("room-participants-changed", (change) => change.targetUserId === targetUserId);
    expect(await seen(cy, changes[0])).toMatchObject(changes[0]);
    for (const client of [ann, bo])
      for (const change of changes) expect(await seen(client, change)).toMatchObject(change);
    const sent = await send(ann, path, "who is still here?");
    await ann.socket.next("new-message", ({ id }) => id === sent.id);
    for (const { socket } of [bo, cy]) expect(socket.of("new-message").map(({ id }) => id)).not.toContain(sent.id);
  });
});

describe("W23 lists", () => {
  test("W23 lastMessage is filled, latest activity first, and a limit of 100 is allowed", async () => {
    using scene = await createPublishedScene(gateways);
    using other = await createPublishedScene(gateways);
    const { one } = gateways;
    const { ann, bo, path, room } = scene;
    await one.a.api.post(`/chat/rooms/${other.room.id}/participants`, { userId: bo.userId });
    await send(other.ann, other.path, "earlier");
    const sent = await send(ann, path, "Is it still hot?");
    const { rooms, nextCursor } = await bo.call("GET", "/chat/rooms?limit=100");
    expect(nextCursor).toBeNull();
    expect(rooms.map(({ id }: Wire) => id)).toEqual([room.id, other.room.id]);
    expect(rooms[0].lastMessage).toMatchObject({ previewText: "Is it still hot?", createdAt: sent.createdAt });
    for (const listed of rooms) expect(listed.lastMessage).toMatchObject({ createdAt: expect.any(String) });
    const more = await Promise.all(
      Array.from({ length: 99 }, (_, n) =>
        one.a.api.post("/chat/rooms", { name: `Room ${n}`, participants: [{ id: bo.userId }] }),
      ),
    );
    expect(more.every(({ status }) => status === 201)).toBe(true);
    const full = await bo.call("GET", "/chat/rooms?limit=100");
    expect(full.rooms).toHaveLength(100);
    const rest = await bo.call("GET", `/chat/rooms?limit=100&cursor=${encodeURIComponent(full.nextCursor)}`);
    expect([rest.rooms.length, rest.nextCursor]).toEqual([1, null]);
  });
});
