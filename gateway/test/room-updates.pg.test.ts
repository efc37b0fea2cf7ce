import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §3.2, R4: what a room looks like, and frozen rooms.

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
const update = (roomId: string, patch: unknown) => one.a.api.patch(`/chat/rooms/${roomId}`, patch);
const updatesOf = async (roomId: string) =>
  (await readLogRows(one.database.adminUrl, roomId)).filter(({ type }) => type === "room.updated");

describe("R4 changing a room", () => {
  test("R4 given fields change, null clears, what is left out stays; everybody in the room is told on every gateway", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const externalId = `order:${randomUUID()}`;
    const metadata = { big: 12_345_678_901, nested: { b: 1, a: [null, "ü"] } };
    const room = await createTestRoom(one.a, [ann, bo], { name: "Before", externalId, customType: "order", metadata });
    using socket = await bo.connect();
    const face = { name: "After", avatarUrl: null, externalId, customType: null, metadata, isFrozen: false };
    const changed = await update(room.id, { name: "After", customType: null });
    expect(changed).toMatchObject({ status: 200, body: { ...room, ...face, lastSeq: 2 } });
    expect(changed.body.participants).toEqual(room.participants);
    expect(await socket.next("room-updated")).toEqual({ ...face, roomId: room.id, seq: 2 });
    expect((await bo.client.get(`/chat/rooms/${room.id}`)).body).toMatchObject(face);
    expect((await bo.client.get("/chat/rooms")).body.rooms[0]).toMatchObject(face);
    const everything = {
      name: "All",
      avatarUrl: "https://shop.example/a.png",
      externalId: `other:${randomUUID()}`,
      customType: "support",
      metadata: { x: 1 },
      isFrozen: true,
    };
    expect((await update(room.id, everything)).body).toMatchObject(everything);
    expect(await socket.next("room-updated", ({ seq }) => seq === 3)).toEqual({
      ...everything,
      roomId: room.id,
      seq: 3,
    });
    const nothing = { name: null, avatarUrl: null, externalId: null, customType: null, metadata: null };
    expect((await update(room.id, nothing)).body).toMatchObject({ ...nothing, isFrozen: true, lastSeq: 4 });
  });

  test("R4 what changes nothing is answered, not written and not told", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const metadata = { b: 1, a: 2 };
    const room = await createTestRoom(one.a, [ann, bo], { metadata });
    using socket = await bo.connect();
    for (const patch of [{}, { name: room.name, metadata, isFrozen: false, avatarUrl: null }, { unknown: 1 }]) {
      expect(await update(room.id, patch)).toMatchObject({ status: 200, body: room });
    }
    // The order of the fields is what comes back, so another one is another text.
    expect((await update(room.id, { metadata: { a: 2, b: 1 } })).body.lastSeq).toBe(2);
    await socket.next("room-updated");
    expect(await updatesOf(room.id)).toMatchObject([{ seq: 2, actorId: null, messageId: null }]);
    expect(socket.of("room-updated")).toHaveLength(1);
  });

  test("R4 an externalId that another room has is refused, and nothing of the call is done; in another tenant it is free", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const externalId = `order:${randomUUID()}`;
    await createTestRoom(one.a, [ann], { externalId });
    const room = await createTestRoom(one.a, [ann, bo]);
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      expectRefusal(await update(room.id, { externalId, name: "Not taken" }), "external_id_taken");
    });
    const inB = (await one.b.api.post("/chat/rooms", { participants: [{ id: ann.id }], name: "B" })).body;
    expect((await one.b.api.patch(`/chat/rooms/${inB.id}`, { externalId })).body.externalId).toBe(externalId);
  });

  test("R4 20 rooms that want one externalId at once: one gets it, the others are told that it is taken", async () => {
    const ann = await createUser();
    const externalId = `wanted:${randomUUID()}`;
    const rooms: Wire[] = [];
    for (let n = 0; n < 20; n++) rooms.push(await createTestRoom(one.a, [ann]));
    const answers = await Promise.all(rooms.map(({ id }) => update(id, { externalId })));
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const answer of answers) if (answer !== winners[0]) expectRefusal(answer, "external_id_taken");
    const found = await one.a.api.get(`/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
    expect(found.body.rooms.map(({ id }: Wire) => id)).toEqual([winners[0]?.body.id]);
  });

  test("R4 changes that come at once all take effect, each in a place of its own, and live tells what REST has", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const room = await createTestRoom(one.a, [ann, bo]);
    using socket = await bo.connect();
    const names = Array.from({ length: 20 }, (_, n) => `Name ${n}`);
    await Promise.all([
      ...names.map((name) => update(room.id, { name })),
      ...names.map((name) => update(room.id, { customType: name })),
      ...names.map((name) => ann.send(room.id, name)),
    ]);
    const received = () => socket.of("room-updated").length + socket.of("new-message").length;
    await expect.poll(received, { timeout: 5000 }).toBe(60);
    const seqs = socket.received.flatMap(({ event, payload }) =>
      event === "room-updated" || event === "new-message" ? [payload.seq] : [],
    );
    expect(seqs).toEqual(Array.from({ length: 60 }, (_, n) => n + 2));
    const { name, customType } = (await bo.client.get(`/chat/rooms/${room.id}`)).body;
    expect(socket.of("room-updated").at(-1)).toMatchObject({ name, customType });
  });

  test("D21 values beyond their limits are refused, and so is a user", async () => {
    const ann = await createUser();
    const room = await createTestRoom(one.a, [ann]);
    const tooMuch = [
      { name: "x".repeat(limits.roomNameCharsMax + 1) },
      { name: "" },
      { externalId: "x".repeat(limits.externalIdCharsMax + 1) },
      { customType: "x".repeat(limits.customTypeCharsMax + 1) },
      { metadata: { x: "x".repeat(limits.metadataBytesMax) } },
      { metadata: [1] },
      { avatarUrl: "javascript:alert(1)" },
      { isFrozen: null },
      { isFrozen: "yes" },
    ];
    await requireUnchanged(one.database.adminUrl, ["a"], async () => {
      for (const patch of tooMuch) {
        const { status, body } = await update(room.id, patch);
        expect([status, body.code], JSON.stringify(patch).slice(0, 80)).toEqual([400, "invalid_request"]);
      }
      expectRefusal(await update(room.id, { name: "x".repeat(limits.bodyBytesMax) }), "body_too_large");
      expectRefusal(await ann.client.patch(`/chat/rooms/${room.id}`, { name: "Mine" }), "api_key_required");
      expectRefusal(await update(randomUUID(), { name: "Nobody's" }), "room_not_found");
      expectRefusal(await update("no-uuid", { name: "Nobody's" }), "room_not_found");
    });
  });
});

describe("R4 frozen rooms", () => {
  test("R4 in a frozen room users send nothing, read everything, and the backend sends; until it is thawed", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const room = await createTestRoom(one.a, [ann, bo]);
    const first = await ann.send(room.id, "before");
    await update(room.id, { isFrozen: true });
    expectRefusal(await ann.send(room.id, "refused"), "room_frozen");
    const byBackend = { senderId: ann.id, parts: [{ type: "text", text: "by the backend" }] };
    expect((await one.a.api.post(`/chat/rooms/${room.id}/messages`, byBackend)).status).toBe(201);
    const { messages } = (await bo.client.get(`/chat/rooms/${room.id}/messages`)).body;
    expect(messages.map(({ previewText }: Wire) => previewText)).toEqual(["by the backend", "before"]);
    const read = await bo.client.post(`/chat/rooms/${room.id}/read`, { lastReadMessageId: first.body.id });
    expect(read).toMatchObject({ status: 200, body: { unreadCount: 1 } });
    expect((await bo.client.post(`/chat/rooms/${room.id}/clear-history`, {})).status).toBe(200);
    expect((await bo.client.call("DELETE", `/chat/rooms/${room.id}/participants/${bo.id}`)).status).toBe(200);
    await update(room.id, { isFrozen: false });
    expect((await ann.send(room.id, "after")).status).toBe(201);
  });

  test("R4 freezing while 40 messages are under way: what was stored came before the freeze", async () => {
    const [ann, bo] = [await createUser(), await createUser()];
    const room = await createTestRoom(one.a, [ann, bo]);
    const sends = Array.from({ length: 40 }, (_, n) => ann.send(room.id, `${n}`));
    const freeze = await update(room.id, { isFrozen: true });
    const answers = await Promise.all(sends);
    const rows = await readLogRows(one.database.adminUrl, room.id);
    const freezeSeq = rows.find(({ type }) => type === "room.updated")?.seq ?? 0;
    expect(freeze.status).toBe(200);
    for (const answer of answers) {
      if (answer.status === 201) expect(answer.body.seq).toBeLessThan(freezeSeq);
      else expectRefusal(answer, "room_frozen");
    }
    expect(rows.at(-1)?.seq).toBe(freezeSeq);
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, n) => n + 1));
  });
});
