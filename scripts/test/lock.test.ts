import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTimeOf } from "../process/processes.ts";
import { isLockHeld, takeLock } from "../start/lock.ts";

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sendsar-lock-"));
  path = join(dir, "start.pid");
});

afterEach(() => rm(dir, { recursive: true, force: true }));

test("a lock names its holder, is held, and leaves nothing when given back", async () => {
  const lock = await takeLock(path);
  expect((await readFile(path, "utf8")).split("\n")[0]).toBe(String(process.pid));
  expect(await isLockHeld(path)).toBe(true);
  await lock[Symbol.asyncDispose]();
  expect(await isLockHeld(path)).toBe(false);
  expect(await readdir(dir)).toEqual([]);
});

test("a lock that is held: a sentence with the holder, after the wait", async () => {
  await using _lock = await takeLock(path);
  const startedAt = performance.now();
  const sentence = `^unable to start; npm start already runs on ${dir} \\(process ${process.pid}\\); stop it first`;
  await expect(takeLock(path, { waitMs: 300 })).rejects.toThrow(new RegExp(sentence));
  expect(performance.now() - startedAt).toBeGreaterThan(290);
  expect(await isLockHeld(path)).toBe(true);
});

test("a lock that is given back meanwhile is taken", async () => {
  const first = await takeLock(path);
  const second = takeLock(path);
  await first[Symbol.asyncDispose]();
  await using _lock = await second;
  expect(await isLockHeld(path)).toBe(true);
});

test("the lock of a process that was killed is taken over", async () => {
  const holder = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(holder, "spawn");
  await writeFile(path, `${holder.pid}\n${await startTimeOf(Number(holder.pid))}\n`);
  await expect(takeLock(path, { waitMs: 200 })).rejects.toThrow(`(process ${holder.pid})`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using _lock = await takeLock(path);
  expect((await readFile(path, "utf8")).split("\n")[0]).toBe(String(process.pid));
});

test("the lock of an earlier process with the id of a live one is taken over", async () => {
  await writeFile(path, `${process.ppid}\nsome other time\n`);
  await using _lock = await takeLock(path, { waitMs: 1000 });
  expect(await isLockHeld(path)).toBe(true);
});

test("of many who want a stale lock at once, one gets it", async () => {
  await writeFile(path, "0\n\n");
  const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path, { waitMs: 500 })));
  const taken = attempts.filter((attempt) => attempt.status === "fulfilled");
  expect(taken).toHaveLength(1);
  await taken[0]?.value[Symbol.asyncDispose]();
});
