import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { sendSignal } from "../../../scripts/process/processes.ts";
import { settlesWithin } from "../../../scripts/process/wait.ts";

/** How a process ended, as a container status tells it. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly signal?: string;
}

/** The one process of a container. */
export interface ContainerProcess {
  readonly pid: number;
  readonly ended: Promise<ContainerEnd>;
  /** SIGTERM, and SIGKILL when it has not ended after `graceMs`. */
  stop(graceMs: number): Promise<ContainerEnd>;
}

export interface ContainerProgram {
  /** A TypeScript or JavaScript file, run with our Node. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Gets what it prints. */
  readonly logFile: string;
}

/** Starts it; its environment is just what the pod says. It ends with this process: its channel closes then. */
export const startContainer = async ({ script, env, logFile }: ContainerProgram): Promise<ContainerProcess> => {
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", log, log, "ipc"],
  });
  await once(child, "spawn");
  const ended = once(child, "exit").then(([code, signal]): ContainerEnd =>
    signal === null ? { exitCode: code as number } : { exitCode: 137, signal: String(signal) },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(`unable to start ${script}; it has no process id`);
  return {
    pid,
    ended,
    async stop(graceMs) {
      sendSignal(pid, "SIGTERM");
      if (!(await settlesWithin(ended, graceMs))) sendSignal(pid, "SIGKILL");
      return ended;
    },
  };
};
