import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sendSignal } from "../../../scripts/process/processes.ts";

/** Processes that were stopped and can go on. */
export interface Paused {
  resume(): Promise<void>;
}

/**
 * Stops processes where they are (SIGSTOP): to everybody else they hang. A shell beside us lets them go on should this
 * process end without having done so.
 */
export const pauseProcesses = (pids: readonly number[]): Paused => {
  const script = 'read -r _; for pid in "$@"; do kill -CONT "$pid" 2>/dev/null; done; true';
  const guard = spawn("/bin/sh", ["-c", script, "sh", ...pids.map(String)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const closed = once(guard, "close");
  guard.unref();
  for (const pid of pids) sendSignal(pid, "SIGSTOP");
  return {
    async resume() {
      for (const pid of pids) sendSignal(pid, "SIGCONT");
      guard.ref();
      guard.stdin.end("\n");
      await closed;
    },
  };
};

/** A process and those that it started. */
export const familyOf = async (pid: number): Promise<readonly number[]> => {
  const pairs = process.platform === "linux" ? await pairsFromProc() : await pairsFromPs();
  return [pid, ...pairs.filter(([, parent]) => parent === pid).map(([child]) => child)];
};

type Pair = readonly [pid: number, parent: number];

const pairsFromProc = async (): Promise<readonly Pair[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const pairs = await Promise.all(
    pids.map(async (pid): Promise<readonly Pair[]> => {
      // It may have ended since.
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
      return parent === undefined ? [] : [[Number(pid), Number(parent)]];
    }),
  );
  return pairs.flat();
};

const pairsFromPs = async (): Promise<readonly Pair[]> => {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid="]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as unknown as Pair);
};
