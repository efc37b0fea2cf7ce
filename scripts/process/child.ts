import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { open, stat } from "node:fs/promises";
import { sendSignal } from "./processes.ts";
import { Sentence, reasonOf } from "./sentence.ts";
import { settlesWithin } from "./wait.ts";

/** A log file that is larger than this starts anew with the next process. */
const logBytesMax = 10_000_000;

export interface ChildOptions {
  /** What the reader calls it, for sentences. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Gets what the process prints, after what is in it. */
  readonly logFile: string;
  /** Opens a channel that closes when this process ends, however it ends. The child is Node and watches it. */
  readonly channel?: boolean;
  /** The account to run as. Default: ours. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A running process in a group of its own: Ctrl-C in the terminal reaches us, and we stop it in the right order. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Where in the log file the output of this process starts. */
  readonly logStart: number;
  /** Resolves when the process has ended, with the way it did: `exit code 1` or `signal SIGKILL`. Never rejects. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** Sends each signal and waits its time for the end, until the process has ended. */
  stop(steps: readonly StopStep[]): Promise<void>;
}

export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

/** Starts a program. Throws a sentence if it cannot be started at all. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  const { name, command, args, logFile } = options;
  await using log = await open(logFile, (await sizeOf(logFile)) > logBytesMax ? "w" : "a", 0o600);
  const { size: logStart } = await log.stat();
  const child = spawn(command, args, spawnOptions(options, log.fd));
  const ended = endOf(child);
  await once(child, "spawn").catch((error: unknown) => {
    throw new Sentence(`unable to start ${name}; ${reasonOf(error)}`);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`unable to start ${name}; it has no process id`);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    pid,
    logFile,
    logStart,
    ended,
    hasEnded,
    async stop(steps) {
      for (const { signal, waitMs } of steps) {
        if (hasEnded() || !sendSignal(pid, signal)) break;
        if (await settlesWithin(ended, waitMs)) break;
      }
    },
  };
};

const spawnOptions = (options: ChildOptions, log: number): SpawnOptions => ({
  cwd: options.cwd,
  env: options.env,
  detached: true,
  stdio: options.channel ? ["ignore", log, log, "ipc"] : ["ignore", log, log],
  ...(options.uid === undefined ? {} : { uid: options.uid }),
  ...(options.gid === undefined ? {} : { gid: options.gid }),
});

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
    child.once("error", (error) => resolve(reasonOf(error)));
  });

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size;
