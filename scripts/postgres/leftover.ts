import { readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { commandOf, isAlive, sendSignal } from "../process/processes.ts";
import { codeOf } from "../process/sentence.ts";
import { waitUntil } from "../process/wait.ts";

/** Fast shutdown, then immediate shutdown, then what no process survives. */
const stopSteps = [
  { signal: "SIGINT", waitMs: 3000 },
  { signal: "SIGQUIT", waitMs: 2000 },
  { signal: "SIGKILL", waitMs: 1000 },
] as const;

/**
 * Stops a Postgres that still runs on the data although the one who started it is gone. The caller holds the lock on
 * the folder, so whoever runs there is left over.
 *
 * The process id in postmaster.pid may belong to another program by now. Postgres itself would then refuse to start,
 * so the file is removed. If its process is a Postgres that runs on another folder, ours is a copy of that folder and
 * that Postgres is none of our business.
 */
export const stopLeftover = async (pgData: string): Promise<void> => {
  const pidFile = join(pgData, "postmaster.pid");
  const [pidLine, folder = ""] = (await readPidFile(pidFile)).split("\n");
  const pid = Number(pidLine);
  // With nobody alive, Postgres takes the file over, and checks that no worker of the old server is left.
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return;
  const command = await commandOf(pid);
  const isPostgres = command.includes("postgres") && command.includes(`-D ${folder}`);
  if (!isPostgres || !(await isSameFolder(folder, pgData))) return rm(pidFile, { force: true });
  for (const { signal, waitMs } of stopSteps) {
    if (!sendSignal(pid, signal) || (await waitUntil(() => !isAlive(pid), { limitMs: waitMs }))) return;
  }
};

/** A folder that is not there any more was moved, with its Postgres running, to where we found the file. */
const isSameFolder = async (folder: string, pgData: string): Promise<boolean> => {
  try {
    return (await realpath(folder)) === (await realpath(pgData));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    throw error;
  }
};

const readPidFile = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
};
