import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, Wire } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Contract §7.1 and R7: operators and members.

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

/** The operator is signed in on one gateway, the members on the other. */
const createPeople = async (): Promise<[TestUser, TestUser, TestUser]> => [
  await createTestUser(one, one.a),
  await createTestUser(two, one.a),
  await createTestUser(two, one.a),
];
const giveRole = (client: TestClient, roomId: string, userId: string, role: string, more: object = {}) =>
  client.patch(`/chat/rooms/${roomId}/participants/${encodeURIComponent(userId)}`, { role, ...more });
const leave = ({ client, id }: TestUser, roomId: string) =>
  client.call("DELETE", `/chat/rooms/${roomId}/participants/${id}`);
const rolesIn = (room: Wire): Record<string, string> =>
  Object.fromEntries(room.participants.map(({ userId, role }: Wire) => [userId, role]));

describe("R7 changing a role", () => {
  test("R7 an operator makes another one, who can then do what operators do; everybody is told on every gateway", async () => {
    const [op, bo, cy] = await createPeople();
    const room = await createTestRoom(one.a, [op, bo, cy]);
    using ops = await op.connect();
    using cys = await cy.connect();
    expectRefusal(await bo.client.call("DELETE", `/chat/rooms/${room.id}/participants/${cy.id}`), "operator_required");
    const answer = await giveRole(op.client, room.id, bo.id, "OPERATOR", { actorUserId: op.id });
    expect(answer.status).toBe(200);
    expect(rolesIn(answer.body)).toEqual({ [op.id]: "OPERATOR", [bo.id]: "OPERATOR", [cy.id]: "MEMBER" });
    const told = { roomId: room.id, userId: bo.id, role: "OPERATOR", actorUserId: op.id, seq: 2 };
    expect(await ops.next("participant-updated")).toEqual(told);
    expect(await cys.next("participant-updated")).toEqual(told);
    const removal = await bo.client.call("DELETE", `/chat/rooms/${room.id}/participants/${cy.id}?actorUserId=${bo.id}`);
    expect(rolesIn(removal.body)).toEqual({ [op.id]: "OPERATOR", [bo.id]: "OPERATOR" });
    // And back: an operator may step down while there is another.
    expect(rolesIn((await giveRole(op.client, room.id, op.id, "MEMBER")).body)[op.id]).toBe("MEMBER");
    expectRefusal(await giveRole(op.client, room.id, bo.id, "MEMBER"), "operator_required");
  });

  test("R7 the same role again is answered, not written and not told", async () => {
    const [op, bo] = await createPeople();
    const room = await createTestRoom(one.a, [op, bo]);
    expect((await giveRole(op.client, room.id, bo.id, "MEMBER")).body).toEqual(room);
    expect((await giveRole(one.a.api, room.id, op.id, "OPERATOR")).body).toEqual(room);
    expect(await readLogRows(one.database.adminUrl, room.id)).toHaveLength(1);
  });

  test("R7 a group keeps an operator, whoever asks and however many at once", async () => {
    const [op, bo, cy] = await createPeople();
    const room = await createTestRoom(one.a, [op, bo, cy]);
    expectRefusal(await giveRole(op.client, room.id, op.id, "MEMBER"), "last_operator");
    expectRefusal(await giveRole(one.a.api, room.id, op.id, "MEMBER"), "last_operator");
    await giveRole(op.client, room.id, bo.id, "OPERATOR");
    await giveRole(op.client, room.id, cy.id, "OPERATOR");
    const all = [op, bo, cy];
    const answers = await Promise.all(all.map((user) => giveRole(user.client, room.id, user.id, "MEMBER")));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 409]);
    for (const answer of answers) if (answer.status === 409) expectRefusal(answer, "last_operator");
    const roles = Object.values(rolesIn((await op.client.get(`/chat/rooms/${room.id}`)).body));
    expect(roles.toSorted()).toEqual(["MEMBER", "MEMBER", "OPERATOR"]);
  });

  test("R7 refusals: who may not, who is not there, a direct room, a role that is none; nothing changes", async () => {
    const [op, bo, stranger] = await createPeople();
    const room = await createTestRoom(one.a, [op, bo]);
    const direct = await createTestRoom(one.a, [op, bo], { kind: "direct", name: undefined });
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      expectRefusal(await giveRole(bo.client, room.id, bo.id, "OPERATOR"), "operator_required");
      expectRefusal(
        await giveRole(bo.client, room.id, bo.id, "OPERATOR", { actorUserId: op.id }),
        "cannot_act_as_other_user",
      );
      expectRefusal(await giveRole(op.client, room.id, stranger.id, "OPERATOR"), "participant_not_found");
      expectRefusal(await giveRole(one.a.api, room.id, "nobody", "OPERATOR"), "participant_not_found");
      expectRefusal(await giveRole(one.a.api, room.id, bo.id, "OPERATOR", { actorUserId: "nobody" }), "user_not_found");
      expectRefusal(await giveRole(one.a.api, direct.id, bo.id, "OPERATOR"), "direct_room");
      for (const body of [{}, { role: "ADMIN" }, { role: null }, { role: "OPERATOR", actorUserId: 7 }]) {
        const { status } = await op.client.patch(`/chat/rooms/${room.id}/participants/${bo.id}`, body);
        expect(status).toBe(400);
      }
      for (const client of [stranger.client, one.b.api]) {
        const [real, random] = [
          await giveRole(client, room.id, bo.id, "OPERATOR"),
          await giveRole(client, randomUUID(), bo.id, "OPERATOR"),
        ];
        expectRefusal(real, "room_not_found");
        expect(withoutRequestId(real)).toEqual(withoutRequestId(random));
      }
    });
  });
});

describe("7.1 the last operator goes", () => {
  test("R6 who has been there longest becomes operator, and everybody is told so, live and after a drop", async () => {
    const [op, bo, cy] = await createPeople();
    const room = await createTestRoom(one.a, [op, bo]);
    await one.a.api.post(`/chat/rooms/${room.id}/participants`, { userId: cy.id, actorUserId: op.id });
    using cys = await cy.connect();
    const answer = await leave(op, room.id);
    expect(rolesIn(answer.body)).toEqual({ [bo.id]: "OPERATOR", [cy.id]: "MEMBER" });
    const seq = answer.body.lastSeq;
    const told = { roomId: room.id, userId: bo.id, role: "OPERATOR", actorUserId: op.id, seq };
    expect(await cys.next("participant-updated")).toEqual(told);
    const order = cys.received.map(({ event }) => event).filter((event) => !event.includes("presence"));
    expect(order).toEqual(["room-participants-changed", "new-message", "participant-updated"]);
    const events = await readLogRows(one.database.adminUrl, room.id);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, n) => n + 1));
    expect(events.at(-1)).toMatchObject({ seq, type: "participant.updated", actorId: op.id });
    using late = await cy.connect();
    late.socket.emit("resume", { rooms: { [room.id]: seq - 3 } });
    const [resumed] = (await late.next("resumed")).rooms;
    expect(resumed.events.map(({ event }: Wire) => event)).toEqual(order);
    expect(resumed.events.at(-1).payload).toEqual(told);
  });

  test("R6 nobody is promoted while there is another operator, nor when a member goes; three leave at once, one is left", async () => {
    const people = [...(await createPeople()), ...(await createPeople())];
    const [op, bo, cy, dan] = people as [TestUser, TestUser, TestUser, TestUser];
    const room = await createTestRoom(one.a, people);
    await giveRole(op.client, room.id, bo.id, "OPERATOR");
    const before = await readLogRows(one.database.adminUrl, room.id);
    await leave(op, room.id);
    await leave(cy, room.id);
    const after = (await readLogRows(one.database.adminUrl, room.id)).slice(before.length);
    expect(after.map(({ type }) => type)).not.toContain("participant.updated");
    await giveRole(bo.client, room.id, dan.id, "OPERATOR");
    await Promise.all([leave(bo, room.id), leave(dan, room.id)]);
    const left = (await one.a.api.get(`/chat/rooms/${room.id}`)).body;
    expect(Object.values(rolesIn(left)).toSorted()).toEqual(["MEMBER", "OPERATOR"]);
  });
});
