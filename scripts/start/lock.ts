import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { homeFailure } from "./home.ts";
import { startTimeOf } from "../process/processes.ts";
import { Sentence, codeOf } from "../process/sentence.ts";
import { waitUntil } from "../process/wait.ts";

export interface LockOptions {
  /** How long to wait for the holder to end. Default 10 s: a stack that is just being stopped needs up to 5 s. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Takes the folder for this process: `path` then holds our process id. Throws a sentence if another live `npm start`
 * keeps it. The lock of a process that is gone is taken over, so nothing has to be cleaned up after a crash.
 */
export const takeLock = async (path: string, options: LockOptions = {}): Promise<AsyncDisposable> => {
  const lock = await acquireLock(path, options);
  if (!lock) {
    const [holder] = (await readLock(path)).split("\n");
    throw new Sentence(
      `unable to start; npm start already runs on ${dirname(path)} (process ${holder}); ` +
        "stop it first, or set SENDSAR_HOME and PORT to run a second one",
    );
  }
  return lock;
};

/** The same for anything that only one process may do at a time; undefined when the wait is over and it is still held. */
export const acquireLock = async (path: string, options: LockOptions = {}): Promise<AsyncDisposable | undefined> => {
  const { waitMs = 10_000, signal } = options;
  const taken = await waitUntil(() => tryLock(path), { limitMs: waitMs, everyMs: 100, ...(signal ? { signal } : {}) });
  return taken ? { [Symbol.asyncDispose]: () => rm(path, { force: true }) } : undefined;
};

/** Does a live process keep the folder? */
export const isLockHeld = async (path: string): Promise<boolean> => isHeld(await readLock(path));

const tryLock = async (path: string): Promise<boolean> => {
  // Linking a finished file is one step: nobody sees a lock without its process id.
  const ours = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(ours, `${process.pid}\n${await startTimeOf(process.pid)}\n`);
    await link(ours, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw homeFailure(dirname(path), error);
  } finally {
    await rm(ours, { force: true });
  }
  const lock = await readLock(path);
  if (!(await isHeld(lock))) await removeStale(path, lock);
  return false;
};

/** Moves the lock away. If another process had replaced it by its own in between, that one goes back. */
const removeStale = async (path: string, lock: string): Promise<void> => {
  const stale = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, stale);
    if ((await readLock(stale)) !== lock) await link(stale, path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(stale, { force: true });
  }
};

/** Process ids are used again, in containers soon, so the holder is also known by the time that it started at. */
const isHeld = async (lock: string): Promise<boolean> => {
  const [pid, startedAt] = lock.split("\n");
  return Boolean(pid) && (await startTimeOf(Number(pid))) === startedAt;
};

const readLock = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
};
