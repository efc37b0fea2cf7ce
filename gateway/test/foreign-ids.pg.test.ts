import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { messageCalls } from "../../scripts/testing/message-calls.ts";
import { expectNoInsides, expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import { databaseRefusal, tryInContext } from "../../scripts/testing/tenant-context.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

let gateway: TestGateway;
let roomOfA: SeededRoom;
let roomOfB: SeededRoom;
/** The gateway's own login, past all of its code. */
let client: pg.Client;
beforeAll(async () => {
  gateway = await startTestGateway();
  roomOfA = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "ids" });
  roomOfB = await seedRoom(gateway.b.api, { people: ["ann", "bo"], externalId: "ids" });
  client = new pg.Client({ connectionString: gateway.database.gatewayUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await gateway[Symbol.asyncDispose]();
});

const tryAs = (tenantId: string, sql: string, values: readonly unknown[]) =>
  tryInContext(client, tenantId, sql, values);

describe("J09 a reference to something of another tenant", () => {
  test("J09 in SQL: refused in the words that a random id is refused with", async () => {
    const insert = (table: string, columns: string, values: string) =>
      `insert into ${table} (${columns}) values (${values})`;
    const statements: Readonly<Record<string, readonly [sql: string, foreign: string]>> = {
      "a participant of b's room": [
        insert("participants", "tenant_id, room_id, user_id, role, joined_at", "'a', $1, 'ann', 'MEMBER', now()"),
        roomOfB.roomId,
      ],
      "a message in b's room": [
        insert(
          "messages",
          "tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at",
          "'a', $1, 99, gen_random_uuid(), 'ann', '[]', 1, now()",
        ),
        roomOfB.roomId,
      ],
      "an event of b's room": [
        insert("events", "tenant_id, room_id, seq, type, created_at", "'a', $1, 99, 'x', now()"),
        roomOfB.roomId,
      ],
    };
    for (const [sql, foreign] of Object.values(statements)) {
      const unknown = randomUUID();
      const real = await databaseRefusal(tryAs("a", sql, [foreign]));
      const random = await databaseRefusal(tryAs("a", sql, [unknown]));
      expect(real.code).toBe("23503");
      expect({ ...real, detail: real.detail?.replaceAll(foreign, "id") }).toEqual({
        ...random,
        detail: random.detail?.replaceAll(unknown, "id"),
      });
    }
  });

  test("J09 over the wire: as a random id, with nothing of the inside", async () => {
    const { roomId } = roomOfA;
    const path = `/chat/rooms/${roomId}`;
    const on = messageCalls(gateway.a.api);
    const ann = { userId: "ann" };
    const calls = (id: string) => [
      gateway.a.api.post(`${path}/messages`, {
        senderId: "ann",
        parts: [{ type: "text", text: "re" }],
        parentMessageId: id,
      }),
      gateway.a.api.post(`${path}/read`, { userId: "ann", lastReadMessageId: id }),
      gateway.a.api.post(`${path}/delivery`, { userId: "ann", lastDeliveredMessageId: id }),
      gateway.a.api.post(`/chat/rooms/${id}/messages`, { senderId: "ann", parts: [{ type: "text", text: "hi" }] }),
      gateway.a.api.get(`/chat/rooms/${id}`),
      on.get({ roomId, id }),
      on.edit({ roomId, id }, "mine now", ann),
      on.remove({ roomId, id }, "userId=ann"),
      on.react({ roomId, id }, "👍", ann),
      on.pin({ roomId, id }, ann),
      on.unpin({ roomId, id }, "userId=ann"),
      on.forward({ roomId, id }, [roomId], ann),
      on.forward({ roomId, id: roomOfA.messageId }, [roomId, id], ann),
      on.list(roomId, `around=${id}`),
      on.list(id),
      on.pinned(id),
    ];
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      const random = await Promise.all(calls(randomUUID()));
      for (const foreign of [roomOfB.messageId, roomOfB.roomId]) {
        const answers = await Promise.all(calls(foreign));
        expect(answers.map(withoutRequestId)).toEqual(random.map(withoutRequestId));
        for (const { status, body } of answers) {
          expect(status).toBeLessThan(500);
          expectNoInsides(JSON.stringify(body));
        }
      }
    });
  });
});

describe("J10 what is unique is unique in its tenant", () => {
  test("J10 ids that b has taken are free for a, and answers do not tell", async () => {
    const inB = { people: ["j10", "j10b"] as const, externalId: "j10", text: "of b" };
    const inA = { people: ["j10", "j10b"] as const, externalId: "j10", text: "of a" };
    const ofB = await seedRoom(gateway.b.api, inB);
    const ofA = await requireUnchanged(gateway.database.adminUrl, ["b"], () => seedRoom(gateway.a.api, inA));
    expect(ofA.roomId).not.toBe(ofB.roomId);
    const send = (roomId: string, api: TestGateway["a"]["api"]) =>
      api.post(`/chat/rooms/${roomId}/messages`, {
        senderId: "j10",
        clientMessageId: "same",
        parts: [{ type: "text", text: "same" }],
      });
    const first = await send(ofB.roomId, gateway.b.api);
    const second = await requireUnchanged(gateway.database.adminUrl, ["b"], () => send(ofA.roomId, gateway.a.api));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.body.seq).toBe(first.body.seq);
  });

  test("J10 b's message id is a random id to a's unique key", async () => {
    const sql = `
      insert into messages (tenant_id, room_id, seq, message_id, sender_id, parts, ordinal, created_at)
      values ('a', $1, 99, $2, 'ann', '[]', 1, now())`;
    for (const messageId of [roomOfB.messageId, randomUUID()]) {
      expect((await tryAs("a", sql, [roomOfA.roomId, messageId])).rowCount).toBe(1);
    }
    expect((await databaseRefusal(tryAs("a", sql, [roomOfA.roomId, roomOfA.messageId]))).code).toBe("23505");
  });

  test("J10 a violation that no code foresees: 500 with one sentence, whoever has the value", async () => {
    const { adminUrl } = gateway.database;
    await runOn(adminUrl, "create unique index one_name on sendsar.users (tenant_id, username)");
    const name = (api: TestGateway["a"]["api"], id: string) => api.post("/users", { id, username: "The one name" });
    expect((await name(gateway.b.api, "j10-1")).status).toBe(201);
    expect((await name(gateway.a.api, "j10-1")).status).toBe(201);
    const refusal = await name(gateway.a.api, "j10-2");
    await runOn(adminUrl, "drop index sendsar.one_name");
    expectRefusal(refusal, "internal");
    expectNoInsides(JSON.stringify(refusal.body));
  });
});
