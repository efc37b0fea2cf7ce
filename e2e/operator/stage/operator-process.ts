import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sendSignal } from "../../../scripts/process/processes.ts";

/** An operator in a process of its own, as it runs in a cluster. Disposing kills it. */
export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  readonly healthPort: number;
  readonly metricsPort: number;
  /** Every line that it printed. */
  readonly log: readonly string[];
  /** How it ended: `exit code 3` or `signal SIGKILL`. */
  readonly ended: Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Tells it to stop, and answers how it ended. */
  stop(): Promise<string>;
  /** The most memory that it has ever held, in bytes; undefined where the system does not tell. */
  peakResidentBytes(): Promise<number | undefined>;
}

/** Starts a built operator with just this environment, and waits until it has started; it may not lead yet. */
export const startOperatorProcess = async (
  builtDir: string,
  env: Readonly<Record<string, string>>,
): Promise<OperatorProcess> => {
  const child = spawn(process.execPath, [join(builtDir, "main.js")], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { PATH: process.env["PATH"] ?? "", HEALTH_PORT: "0", METRICS_PORT: "0", ...env },
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      log.push(...lines);
    });
  }
  const ended = once(child, "exit").then(([code, signal]) => (signal ? `signal ${signal}` : `exit code ${code}`));
  const started = once(child, "message").then(([message]) => message as { healthPort: number; metricsPort: number });
  const ports = await Promise.race([started, ended.then(() => undefined)]);
  const { pid } = child;
  if (ports === undefined || pid === undefined) {
    throw new Error(`unable to start an operator; it ended with ${await ended}: ${log.join("\n")}`);
  }
  return {
    pid,
    ...ports,
    log,
    ended,
    signal: (signal) => void sendSignal(pid, signal),
    stop() {
      sendSignal(pid, "SIGTERM");
      return ended;
    },
    async peakResidentBytes() {
      if (process.platform !== "linux") return undefined;
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    async [Symbol.asyncDispose]() {
      sendSignal(pid, "SIGKILL");
      await ended;
    },
  };
};
