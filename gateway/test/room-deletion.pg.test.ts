import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// DELETE /chat/rooms/:roomId: a room is gone for everybody.

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

/** A user who is signed in on the other gateway. */
const createUser = (): Promise<TestUser> => createTestUser(two, one.a);
const remove = (roomId: string) => one.a.api.call("DELETE", `/chat/rooms/${roomId}`);

describe("deleting a room", () => {
  test("its participants are each told once that they were removed, on every gateway, and hear nothing more", async () => {
    const [ann, bo, cy] = [await createUser(), await createTestUser(one, one.a), await createUser()];
    const room = await createTestRoom(one.a, [ann, bo, cy]);
    const other = await createTestRoom(one.a, [ann, bo, cy]);
    await ann.send(room.id, "secret");
    using annsPhone = await ann.connect();
    using annsLaptop = await ann.connect();
    using bos = await bo.connect();
    annsPhone.socket.emit("join-room", { roomId: room.id, userId: ann.id });
    await annsPhone.next("joined-room");
    expect(await remove(room.id)).toMatchObject({ status: 200, body: { ok: true, roomId: room.id } });
    const sockets = [
      [ann, annsPhone],
      [ann, annsLaptop],
      [bo, bos],
    ] as const;
    for (const [, socket] of sockets) await socket.next("room-participants-changed");
    await ann.send(other.id, "later");
    for (const [user, socket] of sockets) {
      await socket.next("new-message", ({ previewText }) => previewText === "later");
      expect(socket.of("room-participants-changed")).toEqual([
        { roomId: room.id, action: "removed", actorUserId: ann.id, targetUserId: user.id, seq: 3 },
      ]);
    }
    annsPhone.socket.emit("typing", { roomId: room.id, userId: ann.id, isTyping: true });
    expect(await annsPhone.next("error")).toMatchObject({ code: "room_not_found" });
  });

  test("D11 its last event has ids only, and nothing of the room or its messages is left in the database", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const secrets = {
      name: "name-canary",
      avatarUrl: "https://avatar-canary.example/",
      customType: "type-canary",
      metadata: { note: "metadata-canary" },
    };
    const room = await createTestRoom(one.a, [ann, bo], { ...secrets, externalId: `external-canary-${randomUUID()}` });
    await ann.send(room.id, "text-canary");
    await remove(room.id);
    const events = await readLogRows(one.database.adminUrl, room.id);
    expect(events.at(-1)).toEqual({
      seq: 3,
      type: "participants.changed",
      actorId: null,
      messageId: null,
      data: { action: "removed", actorUserId: ann.id, targetUserIds: expect.arrayContaining([ann.id, bo.id]) },
    });
    const rows = await readTenantRows(one.database.adminUrl, "a");
    expect(JSON.stringify(rows)).not.toContain("canary");
    for (const table of ["messages", "participants", "upload_uses"]) {
      expect(
        rows[table]?.filter((row) => row.includes(room.id)),
        table,
      ).toEqual([]);
    }
  });

  test("from then on it is as if it had never been, for every endpoint, whoever calls on whichever gateway", async () => {
    const ann = await createUser();
    const [gone, elsewhere] = [await createTestRoom(one.a, [ann]), await createTestRoom(one.a, [ann])];
    const message = (await ann.send(gone.id, "hello")).body;
    const kept = (await ann.send(elsewhere.id, "kept")).body;
    await remove(gone.id);
    const unknown = { roomId: randomUUID(), messageId: randomUUID(), userId: ann.id };
    const requests = everyRequest({ roomId: gone.id, messageId: message.id, userId: ann.id });
    const same = everyRequest(unknown);
    const inRoom = requests
      .map((request, n) => [request, same[n]] as const)
      .filter(([{ path }]) => path.includes(gone.id));
    expect(inRoom.length).toBeGreaterThan(15);
    for (const [{ id, auth, method, path, body }, random] of inRoom) {
      const actor = path.includes("?") ? "" : `?userId=${ann.id}&actorUserId=${ann.id}&viewerId=${ann.id}`;
      const clients = [one.a.api, auth === "apiKey" ? one.a.api : ann.client];
      for (const client of clients) {
        const [real, none] = [
          await client.call(method, path + actor, body),
          await client.call(method, (random?.path ?? "") + actor, random?.body),
        ];
        expect(real.status, id).toBe(404);
        expect(withoutRequestId(real), id).toEqual(withoutRequestId(none));
      }
    }
    const lists = [await ann.client.get("/chat/rooms"), await one.a.api.get("/chat/rooms?limit=100")];
    for (const { body } of lists) {
      const ids = body.rooms.map(({ id }: Wire) => id);
      expect(ids).toContain(elsewhere.id);
      expect(ids).not.toContain(gone.id);
    }
    expect((await ann.client.get(`/chat/rooms/${elsewhere.id}/messages`)).body.messages).toMatchObject([kept]);
    using socket = await ann.connect();
    socket.socket.emit("resume", { rooms: { [gone.id]: 1 } });
    expect((await socket.next("resumed")).rooms).toEqual([{ roomId: gone.id, reset: true, events: [] }]);
  });

  test("its externalId is free for another room, and deleting it again finds no room", async () => {
    const ann = await createUser();
    const externalId = `order:${randomUUID()}`;
    const first = await createTestRoom(one.a, [ann], { externalId });
    await remove(first.id);
    expectRefusal(await remove(first.id), "room_not_found");
    const second = await createTestRoom(one.a, [ann], { externalId });
    expect(second).toMatchObject({ externalId, lastMessage: null, lastSeq: 1 });
    expect(second.id).not.toBe(first.id);
    const found = await one.a.api.get(`/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
    expect(found.body.rooms.map(({ id }: Wire) => id)).toEqual([second.id]);
  });

  test("a room that everybody has left can be deleted; so can a direct one; users cannot delete", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const empty = await createTestRoom(one.a, [ann]);
    await ann.client.call("DELETE", `/chat/rooms/${empty.id}/participants/${ann.id}`);
    expect((await remove(empty.id)).status).toBe(200);
    const direct = await createTestRoom(one.a, [ann, bo], { kind: "direct", name: undefined });
    expectRefusal(await ann.client.call("DELETE", `/chat/rooms/${direct.id}`), "api_key_required");
    expect((await ann.client.get(`/chat/rooms/${direct.id}`)).status).toBe(200);
    expect((await remove(direct.id.toUpperCase())).body).toEqual({ ok: true, roomId: direct.id });
    expect((await bo.client.get("/chat/rooms")).body.rooms).toEqual([]);
  });

  test("D02 another tenant's room is no room, and stays", async () => {
    const ann = await createUser();
    const room = await createTestRoom(one.a, [ann]);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      const [foreign, random] = [
        await one.b.api.call("DELETE", `/chat/rooms/${room.id}`),
        await one.b.api.call("DELETE", `/chat/rooms/${randomUUID()}`),
      ];
      expectRefusal(foreign, "room_not_found");
      expect(withoutRequestId(foreign)).toEqual(withoutRequestId(random));
      expectRefusal(await remove("no-uuid"), "room_not_found");
    });
  });
});
