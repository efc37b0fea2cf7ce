import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { pinned } from "../measure/pin.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { lastLines } from "../../scripts/process/text-tail.ts";
import { settlesWithin } from "../../scripts/process/wait.ts";

/** A Node process of the benchmark, with a channel. It ends with this process, however that ends. */
export interface NodeChild extends AsyncDisposable {
  readonly pid: number;
  send(message: unknown): void;
  onMessage(listener: (message: never) => void): void;
  onceMessage(listener: (message: never) => void): void;
  /** The first message that it sends. Rejects when it ends before. */
  readonly ready: Promise<unknown>;
  /** Resolves with the way it ended. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  kill(signal: NodeJS.Signals): void;
}

export interface NodeChildOptions {
  /** Path from the root of the project. */
  readonly script: string;
  readonly core: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  /** Gets what it prints. */
  readonly logFile: string;
}

const stopMsMax = 5000;

/** Starts it on its core. */
export const startNodeChild = ({ script, core, env, nodeArgs = [], logFile }: NodeChildOptions): NodeChild => {
  const [command, args] = pinned(core, process.execPath, [...nodeArgs, join(projectDir, script)]);
  const log = openSync(logFile, "a");
  const child: ChildProcess = spawn(command, args, {
    cwd: projectDir,
    env: { ...process.env, NODE_ENV: "production", ...env },
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const ended = once(child, "exit").then(([code, signal]) => String(signal ?? `exit code ${code}`));
  const { pid } = child;
  if (pid === undefined) throw new Error(`unable to start ${script}; it has no process id`);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  let stopping = false;
  const failed = ended.then(async (how) => {
    const words = (await lastLines(logFile, 5)).join("\n");
    // Also when nobody waits for it: what went wrong must be seen.
    if (!stopping) process.stderr.write(`${script} ended with ${how}:\n${words}\n`);
    throw new Error(`unable to run ${script}; it ended with ${how}`);
  });
  const ready = Promise.race([once(child, "message").then(([message]) => message as unknown), failed]);
  // Whoever waits for it is told; not everybody does.
  ready.catch(() => undefined);
  failed.catch(() => undefined);
  return {
    pid,
    ready,
    ended,
    hasEnded,
    send: (message) => void child.send(message as object),
    onMessage: (listener) => void child.on("message", listener as never),
    onceMessage: (listener) => void child.once("message", listener as never),
    kill(signal) {
      stopping ||= signal !== "SIGUSR2";
      child.kill(signal);
    },
    async [Symbol.asyncDispose]() {
      stopping = true;
      if (hasEnded()) return;
      child.kill("SIGTERM");
      if (!(await settlesWithin(ended, stopMsMax))) child.kill("SIGKILL");
      await ended;
    },
  };
};
