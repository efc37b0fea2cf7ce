import { randomUUID } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { readMessageRows } from "../../scripts/testing/message-rows.ts";
import type { PostgresTap } from "../../scripts/testing/postgres-tap.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// What a sender is told, and what is stored, when the database is slow, breaks or goes away. One gateway per test:
// each is treated badly.

interface Scene extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly tap: PostgresTap;
  readonly user: TestUser;
  readonly roomId: string;
}

/** A gateway that reaches its database through a tap, with a user in a room. */
const createScene = async (): Promise<Scene> => {
  await using parts = new AsyncDisposableStack();
  const real = parts.use(await createTestDatabase());
  const tap = parts.use(await tapPostgres(real.gatewayUrl));
  // Whoever disposes the database is this scene.
  const database: TestDatabase = { ...real, gatewayUrl: tap.url };
  const gateway = parts.use(await startTestGateway({ database }));
  const user = await createTestUser(gateway, gateway.a);
  const { id: roomId } = await createTestRoom(gateway.a, [user]);
  const open = parts.move();
  return { gateway, tap, user, roomId, [Symbol.asyncDispose]: () => open.disposeAsync() };
};

const lockRoom = ({ gateway, roomId }: Scene) =>
  holdLock(gateway.database.adminUrl, `select from sendsar.rooms where room_id = '${roomId}' for update`);

const rowsOf = ({ gateway, roomId }: Scene) => readMessageRows(gateway.database.adminUrl, roomId);

/** Ends the gateway's connections that wait for a lock. */
const killWaiting = ({ gateway }: Scene) =>
  runOn(
    gateway.database.adminUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'sendsar-gateway' and wait_event_type = 'Lock'`,
  );

describe("an answer means that the message is on disk", () => {
  test("nothing is answered or announced before the commit", async () => {
    await using scene = await createScene();
    using socket = await scene.user.connect();
    await using lock = await lockRoom(scene);
    let answered = false;
    const sending = scene.user.send(scene.roomId, "wait for it").finally(() => (answered = true));
    await lock.waitedForBy(1);
    // The gateway is not stuck: it serves others meanwhile, and whatever it has to say by now has been said.
    expect((await scene.user.client.get(`/chat/rooms/${scene.roomId}/messages`)).body.messages).toEqual([]);
    socket.socket.emit("leave-room", scene.roomId);
    await socket.next("left-room");
    expect(answered).toBe(false);
    expect(socket.of("new-message")).toEqual([]);
    await lock.release();
    expect((await sending).status).toBe(201);
    await socket.next("new-message");
  });

  test("no NOTIFY, trigger or rule takes part in the transaction that writes messages", async () => {
    await using scene = await createScene();
    using socket = await scene.user.connect();
    await scene.user.send(scene.roomId, "hello");
    await socket.next("new-message");
    const writing = transactionsOf(scene.tap).filter((texts) =>
      texts.some((text) => text.includes("insert into messages")),
    );
    expect(writing).toHaveLength(1);
    expect(writing[0]?.[0]).toBe("begin");
    expect(writing[0]?.at(-1)).toBe("commit");
    expect(writing.flat().filter((text) => /notify/i.test(text))).toEqual([]);
    // What it inserts into and, by bit 16 of the type, what it updates.
    const automatic = await runOn(
      scene.gateway.database.adminUrl,
      `select tgname as name from pg_trigger t join pg_class c on c.oid = tgrelid
       where relnamespace = 'sendsar'::regnamespace and not tgisinternal
         and (relname in ('messages', 'events') or relname in ('rooms', 'participants') and tgtype & 16 <> 0)
       union all select rulename from pg_rules where schemaname = 'sendsar'`,
    );
    expect(automatic).toEqual([]);
  });
});

/** The statements of each transaction that a tap has seen. */
const transactionsOf = ({ statements }: PostgresTap): string[][] =>
  [...Map.groupBy(statements, ({ connection }) => connection).values()].flatMap((ofOne) => {
    const transactions: string[][] = [];
    for (const { text } of ofOne) {
      if (text === "begin") transactions.push([]);
      transactions.at(-1)?.push(text);
    }
    return transactions;
  });

describe("an answer that does not come leaves the sender able to find out", () => {
  test("the connection is killed before the commit: 503, nothing stored; sent again it is there once", async () => {
    await using scene = await createScene();
    using socket = await scene.user.connect();
    const more = { clientMessageId: randomUUID() };
    await using lock = await lockRoom(scene);
    const sending = scene.user.send(scene.roomId, "try", more);
    await lock.waitedForBy(1);
    await killWaiting(scene);
    const failed = await sending;
    expectRefusal(failed, "database_unavailable");
    expect(failed.headers.get("retry-after")).toBe("1");
    await lock.release();
    expect((await rowsOf(scene)).messages).toEqual([]);
    const again = await scene.user.send(scene.roomId, "try", more);
    expect(again.status).toBe(201);
    expect((await scene.user.send(scene.roomId, "try", more)).status).toBe(200);
    const { messages, events } = await rowsOf(scene);
    expect(messages).toMatchObject([{ seq: 2, messageId: again.body.id }]);
    expect(events).toHaveLength(1);
    await socket.next("new-message");
    expect(socket.of("new-message")).toEqual([again.body]);
  });

  test("the answer is lost after the commit: 503, stored; sent again it is the same message, 200, and still once", async () => {
    await using scene = await createScene();
    const more = { clientMessageId: randomUUID() };
    await using lock = await lockRoom(scene);
    const sending = scene.user.send(scene.roomId, "try", more);
    await lock.waitedForBy(1);
    scene.tap.loseAnswers();
    await lock.release();
    await vi.waitFor(async () => expect((await rowsOf(scene)).messages).toHaveLength(1));
    scene.tap.cut();
    expectRefusal(await sending, "database_unavailable");
    const again = await scene.user.send(scene.roomId, "try", more);
    expect(again.status).toBe(200);
    expect((await rowsOf(scene)).messages).toMatchObject([{ messageId: again.body.id }]);
    const page = await scene.user.client.get(`/chat/rooms/${scene.roomId}/messages`);
    expect(page.body.messages).toEqual([again.body]);
  });

  test("a whole batch whose connection is killed: each sender gets 503, and each retry is there once", async () => {
    await using scene = await createScene();
    await using lock = await lockRoom(scene);
    const send = (n: number) => scene.user.send(scene.roomId, `m${n}`, { clientMessageId: `c${n}` });
    const first = send(0);
    await lock.waitedForBy(1);
    const rest = Array.from({ length: 20 }, (_, n) => send(n + 1));
    await killWaiting(scene);
    expectRefusal(await first, "database_unavailable");
    await lock.waitedForBy(1);
    await killWaiting(scene);
    await lock.release();
    // Those that had not come far enough for the second batch are in a third one, which nothing held up.
    for (const answer of await Promise.all(rest)) expect([201, 503]).toContain(answer.status);
    const retried = await Promise.all(Array.from({ length: 21 }, (_, n) => send(n)));
    for (const answer of retried) expect([200, 201]).toContain(answer.status);
    const { messages, events } = await rowsOf(scene);
    expect(messages).toHaveLength(21);
    expect(new Set(messages.map(({ messageId }) => messageId))).toEqual(new Set(retried.map(({ body }) => body.id)));
    expect(events).toHaveLength(21);
  });

  test("every connection breaks: 503 while it lasts at most, then the gateway works again by itself", async () => {
    await using scene = await createScene();
    expect((await scene.user.send(scene.roomId, "before")).status).toBe(201);
    scene.tap.cut();
    await vi.waitFor(async () => expect((await scene.user.send(scene.roomId, "after")).status).toBe(201));
  });
});

test("a stop answers what was accepted before it goes", async () => {
  await using scene = await createScene();
  await using lock = await lockRoom(scene);
  const sending = Array.from({ length: 5 }, (_, n) => scene.user.send(scene.roomId, `m${n}`));
  await lock.waitedForBy(1);
  // All five have come in once a sixth request, sent behind them, was answered.
  expect((await scene.user.client.get("/chat/rooms")).status).toBe(200);
  const stopping = scene.gateway.gateway.stop();
  await lock.release();
  expect((await Promise.all(sending)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  const answeredAt = performance.now();
  await stopping;
  // Nothing is left to wait for: the grace, here 2 s, is for what does not end.
  expect(performance.now() - answeredAt).toBeLessThan(1500);
  expect((await rowsOf(scene)).messages).toHaveLength(5);
  await expect(scene.user.client.get("/chat/rooms")).rejects.toThrow("fetch failed");
});
