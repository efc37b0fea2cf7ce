import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import type { Lag } from "../../scripts/testing/lag.ts";
import { watchLag } from "../../scripts/testing/lag.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createMessageWriter } from "../src/chat/message-writer.ts";
import type { CallOptions, Db, Statement } from "../src/store/db.ts";
import { openDb } from "../src/store/db.ts";
import { openListener } from "../src/store/listener.ts";
import { openPublisher } from "../src/store/publisher.ts";

// What `openDb` promises of a database that does not answer. Two connections, so that a lost slot shows.

let parts: AsyncDisposableStack;
let database: TestDatabase;
let network: TcpSwitch;
/** The database, by way of the switch. */
let url: string;
let db: Db;
/** Of this process. */
let lag: Lag;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  lag = parts.use(watchLag(() => wait(10)));
  database = parts.use(await createTestDatabase());
  network = parts.use(await openTcpSwitch([Number(new URL(database.gatewayUrl).port)]));
  url = Object.assign(new URL(database.gatewayUrl), { host: `127.0.0.1:${network.port}` }).href;
  db = parts.use(openDb({ databaseUrl: url, poolMax: 2, onConnectionError: () => undefined }));
});
afterEach(() => parts.disposeAsync());

const statement = (text: string): Statement => ({ name: text.slice(0, 60), text });
const call = (text: string, options?: CallOptions) =>
  db.batch("a", [{ statement: statement(text), values: [] }], options).then(([rows = []]) => rows[0]);
const pidOf = async (): Promise<unknown> => (await call("select pg_backend_pid() as pid"))?.["pid"];
/** How a call failed, and after how many milliseconds. */
const failureOf = async (work: Promise<unknown>): Promise<{ readonly kind: unknown; readonly ms: number }> => {
  const startedAt = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { kind: (error as { kind?: unknown } | undefined)?.kind, ms: performance.now() - startedAt };
};
const connectionsInServer = async (): Promise<number> => {
  const [row] = await runOn<{ count: number }>(
    database.adminUrl,
    "select count(*)::int from pg_stat_activity where datname = current_database() and application_name = 'sendsar-gateway'",
  );
  return row?.count ?? -1;
};

describe("a server that does not answer", () => {
  test("a call ends when its time is over, and its connection is closed, not given back", async () => {
    const before = await pidOf();
    network.stall();
    const failed = await failureOf(call("select 1", { msMax: 400 }));
    expect(failed.kind).toBe("unavailable");
    expect(failed.ms).toBeLessThan(1500);
    network.resume();
    expect(await pidOf()).not.toBe(before);
    await vi.waitFor(async () => expect(await connectionsInServer()).toBeLessThanOrEqual(1));
  });

  test("the wait for a connection is part of the time: nobody waits longer than a call may take", async () => {
    await pidOf();
    network.stall();
    const failures = await Promise.all(Array.from({ length: 20 }, () => failureOf(call("select 1"))));
    expect(new Set(failures.map(({ kind }) => kind))).toEqual(new Set(["unavailable"]));
    expect(Math.max(...failures.map(({ ms }) => ms))).toBeLessThan(limits.queryMsMax + 800 + lag.ms());
  });

  test("a bounded number waits: one more is refused at once", async () => {
    network.stall();
    const waiting = Array.from({ length: limits.connectionWaitersMax + 2 }, () => failureOf(call("select 1")));
    const refused = await Promise.all(Array.from({ length: 50 }, () => failureOf(call("select 1"))));
    expect(refused.every(({ kind, ms }) => kind === "unavailable" && ms < 500)).toBe(true);
    expect((await Promise.all(waiting)).every(({ ms }) => ms > 1500)).toBe(true);
    network.resume();
    expect(await pidOf()).toBeTypeOf("number");
  });

  test("no slot is lost, however calls end", async () => {
    let calls = 0;
    /** Starts statements that take long, and answers once the server is at work on them. */
    const startSlow = async (count: number) => {
      const names = Array.from({ length: count }, () => `slow${calls++}`);
      const running = names.map((name) => failureOf(call(`select pg_sleep(60) as ${name}`)));
      const working = `state = 'active' and query similar to '%(${names.join("|")})' and pid <> pg_backend_pid()`;
      const findThem = () => runOn(database.adminUrl, `select pid from pg_stat_activity where ${working}`);
      await vi.waitFor(async () => expect(await findThem()).toHaveLength(count), 4000);
      return { running: Promise.all(running), working };
    };
    const ends: readonly (() => Promise<unknown>)[] = [
      async () => {
        const { running } = await startSlow(2);
        network.cut();
        await running;
      },
      async () => {
        const { running, working } = await startSlow(1);
        await runOn(database.adminUrl, `select pg_terminate_backend(pid) from pg_stat_activity where ${working}`);
        await running;
      },
      async () => {
        network.stall();
        await Promise.all([1, 2, 3].map(() => failureOf(call("select 1", { msMax: 200 }))));
        network.resume();
      },
      async () => {
        network.setTargets([]);
        network.cut();
        await Promise.all([1, 2, 3].map(() => failureOf(call("select 1"))));
        network.setTargets([Number(new URL(database.gatewayUrl).port)]);
      },
      () => failureOf(call("select 1 / 0")),
      () => failureOf(call("no sql")),
    ];
    for (const end of [...ends, ...ends]) {
      await end();
      // Both slots are there: two calls that are under way at the same time.
      await vi.waitFor(async () => {
        const [one, two] = await Promise.all([pidOf(), pidOf()]);
        expect(one).not.toBe(two);
      }, 5000);
    }
    // The server ends what nobody waits for any more.
    await vi.waitFor(
      async () => expect(await connectionsInServer()).toBeLessThanOrEqual(2),
      limits.statementMsMax + 2000,
    );
  });

  test("who closes does not wait for it", async () => {
    const prefix = `sendsar:${randomUUID()}`.slice(0, 40);
    let heard = 0;
    const listener = openListener({
      databaseUrl: url,
      channels: [prefix],
      onNotification: () => heard++,
      onListening: () => undefined,
      onLost: () => undefined,
    });
    const publisher = openPublisher({ databaseUrl: url, onError: () => undefined });
    await vi.waitFor(() => expect(listener.isListening()).toBe(true));
    await publisher.publish(prefix, "one");
    await vi.waitFor(() => expect(heard).toBe(1));
    const closing = openDb({ databaseUrl: url, poolMax: 2, onConnectionError: () => undefined });
    await Promise.all([closing.ping(), closing.ping()]);
    network.stall();
    void publisher.publish(prefix, "two");
    const running = failureOf(closing.ping());
    const startedAt = performance.now();
    await Promise.all([closing, listener, publisher].map((part) => part[Symbol.asyncDispose]()));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect((await running).kind).toBe("unavailable");
    network.resume();
  });
});

describe("a server that is busy", () => {
  test("it gives up a statement itself, so that nothing goes on for nobody", async () => {
    const failed = await failureOf(call("select pg_sleep(60)"));
    expect(failed.kind).toBe("unavailable");
    expect(failed.ms).toBeLessThan(limits.queryMsMax);
    const sleeping =
      "select from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()";
    await vi.waitFor(async () => expect(await runOn(database.adminUrl, sleeping)).toEqual([]), 500);
  });

  test("a lock that cannot be had is given up with the connection intact", async () => {
    const pid = await pidOf();
    await using lock = await holdLock(database.adminUrl, "lock table sendsar.rooms in access exclusive mode");
    const failed = await failureOf(call("select from rooms", { lockMsMax: 200 }));
    expect(failed.kind).toBe("locked");
    expect(failed.ms).toBeLessThan(1500);
    await lock.release();
    expect(await pidOf()).toBe(pid);
  });

  test("more than fits waits to be written: every sender is answered within 6 s, and nothing stays behind", async () => {
    const writer = createMessageWriter({ db, flushesMax: 1, onCommitted: () => undefined });
    await pidOf();
    network.stall();
    const message = {
      roomId: randomUUID(),
      senderId: "s",
      clientMessageId: undefined,
      parts: [],
      previewText: undefined,
      parentMessageId: undefined,
      byBackend: true,
    };
    const write = (tenantId: string) => failureOf(writer.write(tenantId, { ...message, messageId: randomUUID() }));
    const failures = await Promise.all(Array.from({ length: limits.writerQueueMax }, (_, n) => write(`t${n % 20}`)));
    expect(failures.filter(({ ms }) => ms > 6000 + lag.ms())).toEqual([]);
    await writer.drain();
  });
});
