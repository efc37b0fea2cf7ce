import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DegradedScene } from "../../scripts/testing/degraded-scene.ts";
import { createDegradedScene, expectHonest, expectNothingLost } from "../../scripts/testing/degraded-scene.ts";
import type { SteadyLoad } from "../../scripts/testing/steady-load.ts";
import { recordCall, startSteadyLoad } from "../../scripts/testing/steady-load.ts";

// What clients see of a gateway whose database is broken, and how it comes back. Every fault meets a running load.

let scene: DegradedScene;
beforeEach(async () => {
  scene = await createDegradedScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Two calls every 50 ms, once they are answered. */
const startLoad = async (): Promise<SteadyLoad> => {
  const load = startSteadyLoad({ send: () => scene.send(), read: () => scene.read() }, 50);
  await vi.waitFor(() => expect(load.records.filter(({ status }) => status === 201).length).toBeGreaterThan(3), 10_000);
  return load;
};
/** Waits until calls have been answered that were made so long after `since`. */
const answeredAfter = (load: SteadyLoad, since: number, ms: number) =>
  vi.waitFor(() => expect(load.records.some(({ startedAt }) => startedAt > since + ms)).toBe(true), ms + 8000);

test("F05 all connections terminated, again and again: honest answers, nothing acknowledged lost, back within 5 s", async () => {
  const load = await startLoad();
  for (let round = 0; round < 10; round++) {
    await scene.postgres.terminateAll();
    await answeredAfter(load, performance.now(), 200);
  }
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = await load.stop();
  expectHonest(scene, records);
  await expectNothingLost(scene, records);
  expect(scene.subject.end).toBeUndefined();
});

test("F08 a server that answers nobody: 503 within 6 s, alive and not ready, no pile-up, back within 5 s", async () => {
  const load = await startLoad();
  const heldBefore = await scene.subject.heldBytes();
  await scene.postgres.freeze();
  const frozenAt = performance.now();
  const crowd = Promise.all(Array.from({ length: 500 }, () => recordCall("crowd", () => scene.send())));
  await vi.waitFor(async () => expect(await scene.health()).toMatchObject({ live: 200, ready: 503 }), 3000);
  await answeredAfter(load, frozenAt, 8000);
  const { ms, ...health } = await scene.health();
  expect(health).toEqual({ live: 200, ready: 503 });
  expect(ms).toBeLessThan(1500);
  const heldAfter = await scene.subject.heldBytes();
  scene.postgres.wake();
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = [...(await load.stop()), ...(await crowd)];
  expectHonest(scene, records);
  expect(records.filter(({ status }) => status === 503).length).toBeGreaterThan(100);
  expect(heldAfter - heldBefore).toBeLessThan(20_000_000);
  await expectNothingLost(scene, records);
  expect(scene.subject.end).toBeUndefined();
});

test("F08 a client that comes while the database is away is not turned away for good: it is in once it is back", async () => {
  await scene.postgres.freeze();
  const socket = scene.open();
  let lost = 0;
  socket.io.on("close", () => lost++);
  await vi.waitFor(() => expect(lost).toBeGreaterThan(0), 12_000);
  scene.postgres.wake();
  await vi.waitFor(() => expect(socket.connected).toBe(true), 10_000);
});

test("F08 a gateway that is told to stop while the database is away is gone within its grace", async () => {
  const load = await startLoad();
  await scene.postgres.freeze();
  await vi.waitFor(async () => expect((await scene.health()).ready).toBe(503), 3000);
  const toldAt = performance.now();
  scene.subject.signal("SIGTERM");
  expect(await scene.subject.ended).toBe("exit code 0");
  expect(performance.now() - toldAt).toBeLessThan(4500);
  await load.stop();
});

test("F09 a database that takes no writes: reads work, writes are 503, and it leaves by itself", async () => {
  const load = await startLoad();
  await scene.postgres.set("default_transaction_read_only", "on");
  await vi.waitFor(async () => expect((await scene.send()).body.code).toBe("database_unavailable"), 5000);
  await answeredAfter(load, performance.now(), 500);
  await scene.postgres.set("default_transaction_read_only", "off");
  expect(await scene.recovered()).toBeLessThan(5000);
  const records = await load.stop();
  expectHonest(scene, records);
  expect(records.filter(({ name, status }) => name === "read" && status !== 200)).toEqual([]);
  expect(records.filter(({ name, status }) => name === "send" && status === 503).length).toBeGreaterThan(5);
  await expectNothingLost(scene, records);
});
