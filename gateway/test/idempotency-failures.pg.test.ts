import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { TestAnswer, TestClient } from "../../scripts/testing/client.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { startGatewayProcess } from "../../scripts/testing/gateway-process.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import type { PostgresTap } from "../../scripts/testing/postgres-tap.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom } from "../../scripts/testing/test-user.ts";

// Calls with an Idempotency-Key that do not end as they should: slow ones, dead gateways, a database that breaks.

let parts: AsyncDisposableStack;
let gateway: TestGateway;
let tap: PostgresTap;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  const real = parts.use(await createTestDatabase());
  tap = parts.use(await tapPostgres(real.gatewayUrl));
  gateway = parts.use(await startTestGateway({ database: { ...real, gatewayUrl: tap.url } }));
});
afterEach(() => parts.disposeAsync());

const post = (client: TestClient, key: string, path: string, body?: unknown): Promise<TestAnswer> =>
  client.call("POST", path, body, { "idempotency-key": key });
const wasReplayed = ({ headers }: TestAnswer): boolean => headers.get("idempotency-replayed") === "true";
const onDatabase = (...statements: readonly string[]) =>
  runOn<Record<string, unknown>>(gateway.database.adminUrl, ...statements);
/** Makes what is kept older than it is. */
const age = (key: string, seconds: number) =>
  onDatabase(
    `update sendsar.idempotency_keys set created_at = created_at - interval '${seconds} seconds' where idempotency_key = '${key}'`,
  );
const keptFor = (key: string) =>
  onDatabase(`select status from sendsar.idempotency_keys where idempotency_key = '${key}'`);
const roomIdOf = async (): Promise<string> => (await createTestRoom(gateway.a, [{ id: "ann" }])).id;
const lockRoom = (roomId: string) =>
  holdLock(gateway.database.adminUrl, `select from sendsar.rooms where room_id = '${roomId}' for update`);
const message = { senderId: "ann", parts: [{ type: "text", text: "hello" }] };
const messagesIn = async (roomId: string): Promise<number> =>
  (await onDatabase(`select from sendsar.messages where room_id = '${roomId}'`)).length;

test("while the first call is under way the key is in use, for the same request; another one is told that it is reused", async () => {
  const [key, roomId] = [randomUUID(), await roomIdOf()];
  await using lock = await lockRoom(roomId);
  const first = post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
  await lock.waitedForBy(1);
  const second = await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
  expectRefusal(second, "idempotency_key_in_use");
  expect(second.headers.get("retry-after")).toBe("1");
  const other = { ...message, parts: [{ type: "text", text: "something else" }] };
  expectRefusal(await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, other), "idempotency_key_reused");
  await lock.release();
  expect((await first).status).toBe(201);
});

describe('what says "not now" is not kept', () => {
  test("503: the key is free again, and the next call does the work", async () => {
    const [key, roomId] = [randomUUID(), await roomIdOf()];
    const lock = await lockRoom(roomId);
    const first = await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
    await lock.release();
    expect(first.status).toBe(503);
    const again = await vi.waitFor(async () => {
      const answer = await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
      expect(answer.status).toBe(201);
      return answer;
    }, 10_000);
    expect(await messagesIn(roomId)).toBe(1);
    const replay = await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
    expect([replay.body.id, wasReplayed(replay)]).toEqual([again.body.id, true]);
  });
});

describe("a gateway that dies in the middle of a call", () => {
  test("leaves the key in use for a while, and then the next call has it, once", async () => {
    const [key, roomId] = [randomUUID(), await roomIdOf()];
    {
      await using lock = await lockRoom(roomId);
      await using dying = await startGatewayProcess(gateway);
      const client = createTestClient(dying.url, { "x-api-key": gateway.a.apiKey });
      const lost = post(client, key, `/chat/rooms/${roomId}/messages`, message).then(
        () => "answered",
        () => "lost",
      );
      await lock.waitedForBy(1);
      dying.signal("SIGKILL");
      await dying.ended;
      expect(await lost).toBe("lost");
    }
    const call = () => post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
    expectRefusal(await call(), "idempotency_key_in_use");
    await age(key, limits.idempotencyTakeoverSeconds + 1);
    const other = await post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, { ...message, senderId: "bo" });
    expectRefusal(other, "idempotency_key_reused");
    const answers = await Promise.all(Array.from({ length: 10 }, call));
    expect(answers.filter((answer) => answer.status === 201 && !wasReplayed(answer))).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
    expect(await messagesIn(roomId)).toBe(1);
  });

  test("that was only slow does not overwrite what the call that took over has stored", async () => {
    const [key, name] = [randomUUID(), `late-${randomUUID()}`];
    const body = { name, participants: [{ id: "ann" }] };
    const held = tap.holdAnswer((text) => text.includes("insert into idempotency_keys"));
    const slow = post(gateway.a.api, key, "/chat/rooms", body);
    const answer = await held;
    await vi.waitFor(async () => expect(await keptFor(key)).toHaveLength(1));
    await age(key, limits.idempotencyTakeoverSeconds + 1);
    const taken = await post(gateway.a.api, key, "/chat/rooms", body);
    expect([taken.status, wasReplayed(taken)]).toEqual([201, false]);
    answer.release();
    await slow;
    const replay = await post(gateway.a.api, key, "/chat/rooms", body);
    expect([replay.body.id, wasReplayed(replay)]).toEqual([taken.body.id, true]);
  });
});

test("an answer that cannot be kept is given all the same, and its trouble is logged", async () => {
  const [key, roomId] = [randomUUID(), await roomIdOf()];
  const call = () => post(gateway.a.api, key, `/chat/rooms/${roomId}/messages`, message);
  const lock = await lockRoom(roomId);
  const first = call();
  await lock.waitedForBy(1);
  // The row of the key is locked before the work is done, so that its end cannot be written.
  const keyLock = await holdLock(
    gateway.database.adminUrl,
    `select from sendsar.idempotency_keys where idempotency_key = '${key}' for update`,
  );
  await lock.release();
  expect((await first).status).toBe(201);
  await keyLock.release();
  expect(gateway.log.some((line) => line.includes("unable to store how a call with an Idempotency-Key ended"))).toBe(
    true,
  );
  expectRefusal(await call(), "idempotency_key_in_use");
});

test("I04 while the database is away a call with a key is refused for the moment, like any that writes", async () => {
  const roomId = await roomIdOf();
  tap.loseAnswers();
  const answer = await post(gateway.a.api, randomUUID(), `/chat/rooms/${roomId}/messages`, message);
  expectRefusal(answer, "database_unavailable");
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]/);
  tap.cut();
});

test(`answers are kept for ${limits.idempotencyHours} hours; then the key is as new`, async () => {
  const [key, name] = [randomUUID(), `room-${randomUUID()}`];
  const call = () => post(gateway.a.api, key, "/chat/rooms", { name, participants: [{ id: "ann" }] });
  const first = await call();
  await age(key, limits.idempotencyHours * 3600 - 60);
  expect((await call()).body.id).toBe(first.body.id);
  await age(key, 61);
  const later = await call();
  expect([later.status, wasReplayed(later)]).toEqual([201, false]);
  expect(later.body.id).not.toBe(first.body.id);
});

test("keys whose time is over go, a few with each call with a key, the tenant's own alone", async () => {
  const old = (tenantId: string): string => `
    insert into sendsar.idempotency_keys (tenant_id, caller, idempotency_key, fingerprint, status, created_at)
    select '${tenantId}', '', 'old-' || n, decode(repeat('00', 32), 'hex'), 200, now() - interval '25 hours'
    from generate_series(1, 50) n`;
  await onDatabase(old("a"), old("b"));
  const left = async (tenantId: string): Promise<number> =>
    (
      await onDatabase(
        `select from sendsar.idempotency_keys where tenant_id = '${tenantId}' and idempotency_key like 'old-%'`,
      )
    ).length;
  for (const expected of [40, 30]) {
    await post(gateway.a.api, randomUUID(), "/users", { id: "ann", username: "Ann" });
    expect([await left("a"), await left("b")]).toEqual([expected, 50]);
  }
});

test("a call without a key asks the database nothing more", async () => {
  const roomId = await roomIdOf();
  await gateway.a.api.post(`/chat/rooms/${roomId}/messages`, message);
  expect(tap.statements.filter(({ text }) => text.includes("idempotency_keys"))).toEqual([]);
});
