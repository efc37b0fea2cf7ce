import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerGateway, collect, startServerGateway } from "./server-gateway.ts";
import { failureOf } from "./test-sendsar.ts";

let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway();
});
afterAll(() => server[Symbol.asyncDispose]());

describe("rooms that are ensured", () => {
  test("R1 two users have one direct room, whoever asks and how many at once", async () => {
    const { rooms } = server.sendsar;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        index % 2 === 0 ? rooms.ensureDirect("ann", { id: "bo", username: "Bo" }) : rooms.ensureDirect("bo", "ann"),
      ),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers[0]).toMatchObject({ externalId: "dm:ann:bo", kind: "direct", isGroup: false, name: null });
    expect(await rooms.find("dm:ann:bo")).toMatchObject({ id: answers[0]?.id });
    expect(await server.other.rooms.find("dm:ann:bo")).toBeUndefined();
  });

  test("R1 a group has its first participant as operator, unless roles are given, and stays as it is", async () => {
    const { rooms } = server.sendsar;
    const group = { name: "Order 1", participants: ["buyer", { id: "shop", username: "Shop" }], customType: "order" };
    const { id, participants } = await rooms.ensureGroup("order:1", group);
    const rolesOf = (people: typeof participants) =>
      Object.fromEntries(people.map(({ userId, role }) => [userId, role]));
    expect(rolesOf(participants)).toEqual({ buyer: "OPERATOR", shop: "MEMBER" });
    const again = await rooms.ensureGroup("order:1", { name: "Other", participants: ["somebody"] });
    expect(again).toMatchObject({ id, name: "Order 1" });
    expect(rolesOf(again.participants)).toEqual({ buyer: "OPERATOR", shop: "MEMBER" });
    const led = await rooms.ensureGroup("order:2", { participants: ["buyer", { id: "shop", role: "OPERATOR" }] });
    expect(rolesOf(led.participants)).toMatchObject({ shop: "OPERATOR" });
  });

  test("a name that ids with colons share leads nobody into a room of others", async () => {
    const { rooms } = server.sendsar;
    await rooms.ensureDirect("a:b", "c");
    expect(await failureOf(rooms.ensureDirect("a", "b:c"))).toMatchObject({ code: "room_mismatch" });
  });
});

test("A22 a room without an externalId is made once under one key, however often it is asked for", async () => {
  const { rooms } = server.sendsar;
  const room = { name: "Once", participants: [{ id: "ann" }, { id: "bo" }] };
  const make = () => rooms.create(room, { idempotencyKey: "make-once" });
  const answers = await Promise.all([make(), make(), make()]);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await failureOf(rooms.create({ ...room, name: "Twice" }, { idempotencyKey: "make-once" }))).toMatchObject({
    status: 422,
    code: "idempotency_key_reused",
  });
});

describe("a room", () => {
  test("R2 R3 is listed, found by type and by participant, and read", async () => {
    const { rooms } = server.other;
    const people = [{ id: "l1" }, { id: "l2" }];
    for (const customType of ["x", "x", "y"])
      await rooms.create({ participants: people, name: customType, customType });
    await rooms.create({ participants: [{ id: "l3" }, { id: "l2" }], name: "z" });
    expect((await collect(rooms.all({ limit: 1 }))).map(({ name }) => name)).toEqual(["z", "y", "x", "x"]);
    expect((await collect(rooms.all({ participantId: "l1" }))).length).toBe(3);
    const typed = await rooms.list({ customTypesFilter: ["y", "none"] });
    expect(typed.rooms.map(({ name }) => name)).toEqual(["y"]);
    const read = await rooms.get(typed.rooms[0]?.id ?? "", { viewerId: "l1" });
    expect(read).toMatchObject({ name: "y", unreadCount: 0 });
    expect(read.participants.map(({ userId }) => userId).toSorted()).toEqual(["l1", "l2"]);
  });

  test("R4 is changed, and frozen; the backend still writes", async () => {
    const { rooms, messages } = server.sendsar;
    const { id } = await rooms.ensureGroup("change", { name: "Before", participants: ["ann", "bo"] });
    expect(await rooms.update(id, { name: "After", metadata: { step: 2 }, isFrozen: true })).toMatchObject({
      name: "After",
      metadata: { step: 2 },
      isFrozen: true,
    });
    expect(await messages.send(id, { senderId: "ann", text: "from the backend" })).toMatchObject({ senderId: "ann" });
    await rooms.ensureGroup("taken", { participants: ["ann"] });
    expect(await failureOf(rooms.update(id, { externalId: "taken" }))).toMatchObject({ code: "external_id_taken" });
  });

  test("R5 R6 R7 gets and loses participants, and operators", async () => {
    const { rooms } = server.sendsar;
    const { id } = await rooms.ensureGroup("people", { participants: ["ann", "bo"] });
    const added = await rooms.addParticipant(id, { userId: "cem", username: "Cem", actorUserId: "ann" });
    expect(added.participants.length).toBe(3);
    const led = await rooms.updateParticipant(id, "cem", { role: "OPERATOR", actorUserId: "ann" });
    expect(led.participants.find(({ userId }) => userId === "cem")?.role).toBe("OPERATOR");
    const removed = await rooms.removeParticipant(id, "bo", { actorUserId: "ann" });
    expect(removed.participants.map(({ userId }) => userId).toSorted()).toEqual(["ann", "cem"]);
    expect(await failureOf(rooms.removeParticipant(id, "bo"))).toMatchObject({ code: "participant_not_found" });
  });

  test("R8 R9 is cleared and deleted for one participant alone", async () => {
    const { rooms, messages } = server.sendsar;
    const { id } = await rooms.ensureDirect("r8-ann", "r8-bo");
    await messages.send(id, { senderId: "r8-bo", text: "old" });
    expect(await rooms.clearHistory(id, { userId: "r8-ann" })).toMatchObject({ ok: true, userId: "r8-ann" });
    const countFor = async (viewerId: string) => (await messages.list(id, { viewerId })).messages.length;
    expect([await countFor("r8-ann"), await countFor("r8-bo")]).toEqual([0, 1]);
    expect(await rooms.deleteForUser(id, { userId: "r8-ann" })).toMatchObject({ action: "hidden", hidden: true });
    expect(await collect(rooms.all({ participantId: "r8-ann" }))).toEqual([]);
    expect((await collect(rooms.all({ participantId: "r8-bo" }))).length).toBe(1);
  });

  test("is deleted for everybody, and its externalId is free again", async () => {
    const { rooms } = server.sendsar;
    const { id } = await rooms.ensureGroup("short-lived", { participants: ["ann"] });
    expect(await rooms.delete(id)).toEqual({ ok: true, roomId: id });
    expect(await failureOf(rooms.get(id))).toMatchObject({ status: 404, code: "room_not_found" });
    expect((await rooms.ensureGroup("short-lived", { participants: ["ann"] })).id).not.toBe(id);
  });
});
