import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Child } from "../../../scripts/process/child.ts";
import { startChild } from "../../../scripts/process/child.ts";
import { freePort } from "../../../scripts/process/ports.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { projectDir } from "../../../scripts/start/home.ts";

/** What runs in a pod: our gateway, or another server to compare it with. */
export interface Program {
  /** Entry file, from the root of the project. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Modules that Node loads before it. */
  readonly preload?: readonly string[];
}

/** A server process at a port that stays the same over restarts. */
export interface Pod {
  readonly name: string;
  readonly port: number;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** How it ended without having been told to; must stay empty. */
  readonly crashes: readonly string[];
  /** Starts it and waits until it is ready. Throws when it is not in time. */
  start(program: Program): Promise<void>;
  /** Ends it at once, as a machine that fails does. */
  kill(): Promise<void>;
  /** Asks it to stop and answers how it ended and how long that took. It is killed after 30 s. */
  terminate(): Promise<{ readonly how: string; readonly ms: number }>;
  /** Bytes that it holds in memory; 0 where the system does not tell. */
  memoryBytes(): Promise<number>;
}

const readyMsMax = 60_000;
const graceMs = 30_000;

export const createPod = async (name: string, logsDir: string): Promise<Pod> => {
  const port = await freePort();
  const crashes: string[] = [];
  let child: Child | undefined;
  /** Those that were told to end. */
  const told = new WeakSet<Child>();

  const watch = async (started: Child): Promise<void> => {
    const how = await started.ended;
    if (child === started) child = undefined;
    if (!told.has(started)) crashes.push(how);
  };
  const tell = (): Child | undefined => {
    if (child) told.add(child);
    return child;
  };

  return {
    name,
    port,
    crashes,
    get pid() {
      return child?.pid;
    },
    async start({ script, env, preload = [] }) {
      const started = await startChild({
        name,
        command: process.execPath,
        args: [...preload.map((module) => `--import=${join(projectDir, module)}`), join(projectDir, script)],
        env: { ...process.env, NODE_OPTIONS: "", ...env, PORT: String(port), HOST: "127.0.0.1" },
        cwd: projectDir,
        logFile: join(logsDir, `${name}.log`),
        channel: true,
      });
      child = started;
      void watch(started);
      const ready = await waitUntil(async () => started.hasEnded() || (await isReady(port)), { limitMs: readyMsMax });
      if (ready && !started.hasEnded()) return;
      throw new Error(`unable to start ${name}; it did not become ready; see ${started.logFile}`);
    },
    async kill() {
      await tell()?.stop([{ signal: "SIGKILL", waitMs: graceMs }]);
    },
    async terminate() {
      const startedAt = performance.now();
      const stopping = tell();
      if (!stopping) return { how: "did not run", ms: 0 };
      await stopping.stop([
        { signal: "SIGTERM", waitMs: graceMs },
        { signal: "SIGKILL", waitMs: graceMs },
      ]);
      return { how: await stopping.ended, ms: performance.now() - startedAt };
    },
    async memoryBytes() {
      if (child === undefined || process.platform !== "linux") return 0;
      const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    },
  };
};

const isReady = async (port: number): Promise<boolean> => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
};
