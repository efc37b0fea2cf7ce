import { execFile, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

/** The core of what is measured, and the core of what measures. */
export const cores = { subject: 0, driver: 1 } as const;

/** Can processes be bound to cores here? */
export const canPin =
  process.platform === "linux" && availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;

/** The command that runs another one on a core, where that can be done. */
export const pinned = (core: number, command: string, args: readonly string[]): readonly [string, string[]] =>
  canPin ? ["taskset", ["-c", String(core), command, ...args]] : [command, [...args]];

/** Binds a process that runs, and all that it will start. */
export const pinProcess = async (pid: number, core: number): Promise<void> => {
  if (canPin) await promisify(execFile)("taskset", ["-a", "-c", "-p", String(core), String(pid)]);
};
