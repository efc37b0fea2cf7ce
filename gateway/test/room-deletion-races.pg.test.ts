import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer } from "../../scripts/testing/client.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { readLogRows } from "../../scripts/testing/log-rows.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Deleting a room while everything else happens to it, on two gateways.

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
const remove = (roomId: string) => one.a.api.call("DELETE", `/chat/rooms/${roomId}`);

interface Left {
  readonly messages: number;
  readonly participants: number;
  readonly last_seq: number;
  readonly uncleared: boolean;
}

/** What the database has of a room. */
const leftOf = async (roomId: string): Promise<Left | undefined> => {
  const [left] = await runOn<Record<string, unknown> & Left>(
    one.database.adminUrl,
    `select r.last_seq::int,
       exists (select from sendsar.rooms_to_clear c where c.room_id = r.room_id) as uncleared,
       (select count(*)::int from sendsar.messages m where m.room_id = r.room_id) as messages,
       (select count(*)::int from sendsar.participants p where p.room_id = r.room_id) as participants
     from sendsar.rooms r where r.room_id = '${roomId}'`,
  );
  return left;
};

/** The room's log is dense, ends with the removal of everybody, and nothing of the room is left. */
const expectGone = async (roomId: string): Promise<number> => {
  const events = await readLogRows(one.database.adminUrl, roomId);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n + 1));
  const end = events.at(-1);
  expect(end).toMatchObject({ type: "participants.changed", data: { action: "removed" } });
  expect(await leftOf(roomId)).toEqual({ messages: 0, participants: 0, last_seq: end?.seq, uncleared: false });
  return end?.seq ?? 0;
};

describe("D18 a room is deleted while it is used", () => {
  test("D18 50 sends and one deletion at once: what was stored came before it, the rest is told that the room is gone", async () => {
    for (let round = 0; round < 5; round++) {
      const [ann, bo] = await createUsers();
      const room = await createTestRoom(one.a, [ann, bo]);
      using socket = await bo.connect();
      const send = (n: number): Promise<TestAnswer> => (n % 2 === 0 ? ann : bo).send(room.id, `${n}`);
      const early = Array.from({ length: 25 }, (_, n) => send(n));
      if (round > 0) await Promise.race(early);
      const deletion = remove(room.id);
      const answers = await Promise.all([...early, ...Array.from({ length: 25 }, (_, n) => send(25 + n))]);
      expect((await deletion).status).toBe(200);
      const end = await expectGone(room.id);
      for (const answer of answers) {
        if (answer.status === 201) expect(answer.body.seq).toBeLessThan(end);
        else expectRefusal(answer, "room_not_found");
      }
      const stored = answers.filter(({ status }) => status === 201);
      expect(stored).toHaveLength(end - 2);
      // Live: in order, each once, then the end and nothing behind it. What this gateway had not heard of by then is gone
      // with the room and cannot be read any more.
      await socket.next("room-participants-changed", ({ action }) => action === "removed");
      const live = socket.of("new-message").map(({ seq }) => seq);
      expect(live).toEqual([...new Set(live)].toSorted((a, b) => a - b));
      expect(stored.map((_, n) => n + 2)).toEqual(expect.arrayContaining(live));
      expect(socket.received.at(-1)?.event).toBe("room-participants-changed");
    }
  });

  test("D18 changes of every other kind race with it: each is done before, or finds no room; never half", async () => {
    for (let round = 0; round < 5; round++) {
      const [ann, bo] = await createUsers();
      const room = await createTestRoom(one.a, [ann, bo]);
      const message = (await bo.send(room.id, "hello")).body;
      const path = `/chat/rooms/${room.id}`;
      const added = `added_${randomUUID()}`;
      const api = createTestClient(two.url, { "x-api-key": one.a.apiKey });
      const answers = Promise.all([
        api.patch(path, { name: "New" }),
        api.post(`${path}/participants`, { userId: added, actorUserId: ann.id }),
        api.patch(`${path}/participants/${bo.id}`, { role: "OPERATOR", actorUserId: ann.id }),
        ann.client.post(`${path}/clear-history`, {}),
        ann.client.post(`${path}/read`, { lastReadMessageId: message.id }),
        bo.client.call("DELETE", `${path}/for-me`),
        bo.client.call("DELETE", `${path}/messages/${message.id}`),
        remove(room.id),
        api.call("DELETE", path),
      ]);
      const deletions = (await answers).slice(-2).map(({ status }) => status);
      expect(deletions.toSorted((a, b) => a - b)).toEqual([200, 404]);
      for (const { status, body } of await answers) {
        expect([200, 404], JSON.stringify(body)).toContain(status);
      }
      await expectGone(room.id);
    }
  });

  test("a deletion races with backends that ensure a room of its externalId: each gets a room that is there, and one is left", async () => {
    const [ann, bo] = await createUsers();
    const externalId = `dm:${ann.id}:${bo.id}`;
    const body = { externalId, participants: [{ id: ann.id }, { id: bo.id }] };
    for (let round = 0; round < 5; round++) {
      const { body: room } = await one.a.api.post("/chat/rooms", body);
      const answers = await Promise.all([
        remove(room.id),
        ...Array.from({ length: 10 }, (_, n) =>
          createTestClient(n % 2 === 0 ? one.url : two.url, { "x-api-key": one.a.apiKey }).post("/chat/rooms", body),
        ),
      ]);
      for (const answer of answers) expect([200, 201]).toContain(answer.status);
      const found = await one.a.api.get(`/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
      expect(found.body.rooms).toHaveLength(answers.slice(1).some((answer) => answer.body.id !== room.id) ? 1 : 0);
      expect(found.body.rooms).not.toMatchObject([{ id: room.id }]);
      await expectGone(room.id);
    }
  });
});
