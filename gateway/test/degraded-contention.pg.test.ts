import pg from "pg";
import { expect, test, vi } from "vitest";
import { createDegradedScene, expectHonest, expectNothingLost } from "../../scripts/testing/degraded-scene.ts";
import { holdLock } from "../../scripts/testing/hold-lock.ts";
import { recordCall, startSteadyLoad } from "../../scripts/testing/steady-load.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

// A database that works, but not for us: somebody has its connections, or its locks.

test("F11 every free connection taken: who has connections works on", async () => {
  await using scene = await createDegradedScene({ max_connections: "30" });
  const load = startSteadyLoad({ send: () => scene.send(), read: () => scene.read() }, 50);
  await vi.waitFor(() => expect(load.records.length).toBeGreaterThan(20), 10_000);
  await using hog = new AsyncDisposableStack();
  for (let refused = false; !refused;) {
    const client = new pg.Client({ connectionString: scene.postgres.gatewayUrl });
    client.on("error", () => undefined);
    try {
      await client.connect();
      hog.defer(() => client.end());
    } catch (error) {
      expect(error).toMatchObject({ code: "53300" });
      refused = true;
    }
  }
  const since = performance.now();
  await vi.waitFor(() => expect(load.records.some(({ startedAt }) => startedAt > since + 1000)).toBe(true), 5000);
  const records = await load.stop();
  expectHonest(scene, records);
  expect(records.filter(({ startedAt, status }) => startedAt > since + 200 && status === 201).length).toBeGreaterThan(
    5,
  );
  await expectNothingLost(scene, records);
});

test("F11 no connection to be had at all: 503 at once, alive and not ready, back within 5 s", async () => {
  await using scene = await createDegradedScene();
  const load = startSteadyLoad({ send: () => scene.send(), read: () => scene.read() }, 50);
  await vi.waitFor(() => expect(load.records.length).toBeGreaterThan(20), 10_000);
  const login = pg.escapeIdentifier(new URL(scene.postgres.gatewayUrl).username);
  await runOn(scene.postgres.adminUrl, `alter role ${login} connection limit 0`);
  await scene.postgres.terminateAll();
  await vi.waitFor(async () => expect(await scene.health()).toMatchObject({ live: 200, ready: 503 }), 5000);
  const refused = await recordCall("send", () => scene.send());
  expect(refused).toMatchObject({ status: 503, code: "database_unavailable" });
  expect(refused.ms).toBeLessThan(2500);
  await runOn(scene.postgres.adminUrl, `alter role ${login} connection limit -1`);
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = await load.stop();
  expectHonest(scene, records);
  await expectNothingLost(scene, records);
});

test("F12 a room that somebody keeps locked: its senders get 503 within 6 s, the other rooms of the tenant go on", async () => {
  await using scene = await createDegradedScene();
  await using lock = await holdLock(
    scene.postgres.adminUrl,
    `select from sendsar.rooms where room_id = '${scene.roomId}' for update`,
  );
  const load = startSteadyLoad(
    { locked: () => scene.send(), other: () => scene.send(scene.otherRoomId), read: () => scene.read() },
    50,
  );
  const startedAt = performance.now();
  const lateRecords = (name: string) =>
    load.records.filter((one) => one.name === name && one.startedAt > startedAt + 6000);
  await vi.waitFor(
    () => expect([lateRecords("locked").length, lateRecords("other").length].every((n) => n > 5)).toBe(true),
    20_000,
  );
  await lock.release();
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = await load.stop();
  expectHonest(scene, records);
  expect(records.filter(({ name, status }) => name !== "locked" && status === 503)).toEqual([]);
  expect(records.filter(({ name, status }) => name === "locked" && status === 503).length).toBeGreaterThan(10);
  // Once the room is known to be locked, nobody else waits for it.
  const others = records.filter(({ name, startedAt: at }) => name !== "locked" && at > startedAt + 3000);
  expect(Math.max(...others.map(({ ms }) => ms))).toBeLessThan(1000);
  await expectNothingLost(scene, records);
});

test("F12 the messages locked as a whole: 503 within 6 s, few connections wait in the server, back within 5 s", async () => {
  await using scene = await createDegradedScene();
  await using lock = await holdLock(scene.postgres.adminUrl, "lock table sendsar.messages in access exclusive mode");
  const load = startSteadyLoad({ send: () => scene.send(), read: () => scene.read() }, 50);
  const startedAt = performance.now();
  await vi.waitFor(
    () => expect(load.records.some((one) => one.name === "send" && one.startedAt > startedAt + 6000)).toBe(true),
    20_000,
  );
  const [waiting] = await runOn<{ count: number }>(
    scene.postgres.adminUrl,
    "select count(*)::int from pg_stat_activity where application_name = 'sendsar-gateway' and wait_event_type = 'Lock'",
  );
  // Two gateways with four connections each, none of which outlives its call by more than a statement.
  expect(waiting?.count).toBeLessThanOrEqual(16);
  expect((await scene.health()).live).toBe(200);
  await lock.release();
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = await load.stop();
  expectHonest(scene, records);
  expect(records.filter(({ name, status }) => name === "send" && status === 503).length).toBeGreaterThan(10);
});
