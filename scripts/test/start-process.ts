import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isAlive } from "../process/processes.ts";
import { waitUntil } from "../process/wait.ts";
import type { DevFile } from "../start/dev-file.ts";
import { projectDir } from "../start/home.ts";

export interface StartProcessOptions {
  /** The folder to use instead of .sendsar. */
  readonly home: string;
  readonly port?: number;
  /** After `npm start --`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Through npm, as a person would. Default: what npm runs. */
  readonly throughNpm?: boolean;
}

/** A running `npm start`, in a process group of its own as a terminal would give it. */
export interface StartProcess extends AsyncDisposable {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Waits until it says that everything runs. Throws with its output if it ends instead. */
  ready(): Promise<DevFile>;
  /** Everything that it started, Postgres too: name to process id. */
  parts(): Promise<Parts>;
  /** What Ctrl-C does. */
  interrupt(): void;
}

/** The processes of a stack. */
export interface Parts {
  readonly start: number;
  readonly gateway: number;
  readonly demo: number;
  readonly postgres: number;
}

const readyMsMax = 40_000;

/** Runs `npm start`. Disposing stops it, however the test went. */
export const spawnStart = (options: StartProcessOptions): StartProcess => {
  const { home, port, args = [], env = {}, throughNpm = false } = options;
  const command = throughNpm
    ? ["npm", "start", "--silent", "--", ...args]
    : [process.execPath, join(projectDir, "scripts/run.mjs"), "scripts/start.ts", ...args];
  const child = spawn(command[0] ?? "", command.slice(1), {
    cwd: projectDir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env, SENDSAR_HOME: home, ...(port === undefined ? {} : { PORT: String(port) }) },
  });
  const stdout = keepText(child.stdout);
  const stderr = keepText(child.stderr);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code ?? -1));
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const interrupt = (): void => void process.kill(-requirePid(child), "SIGINT");
  return {
    pid: requirePid(child),
    stdout,
    stderr,
    ended,
    interrupt,
    parts: () => findParts(home),
    async ready() {
      const isReady = (): boolean => stdout().includes("Ctrl-C stops everything");
      await waitUntil(() => hasEnded() || isReady(), { limitMs: readyMsMax });
      if (!isReady()) throw new Error(`npm start did not get ready:\n${stdout()}\n${stderr()}`);
      return JSON.parse(await readFile(join(home, "dev.json"), "utf8")) as DevFile;
    },
    async [Symbol.asyncDispose]() {
      if (!hasEnded()) interrupt();
      await ended;
    },
  };
};

/** Those of the processes that are still alive. */
export const aliveOf = (parts: Parts): readonly string[] =>
  Object.entries(parts).flatMap(([name, pid]) => (isAlive(pid) ? [name] : []));

const findParts = async (home: string): Promise<Parts> => {
  const start = Number((await readFile(join(home, "start.pid"), "utf8")).split("\n")[0]);
  const children = (await listProcesses()).filter(({ parent }) => parent === start);
  const find = (part: string): number => {
    const found = children.find(({ command }) => command.includes(part));
    if (!found) throw new Error(`no process of the stack runs ${part}`);
    return found.pid;
  };
  return {
    start,
    gateway: find("gateway/src/main.ts"),
    demo: find("quick-start/server.ts"),
    postgres: find(`-D ${join(home, "postgres/data")}`),
  };
};

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

const listProcesses = async (): Promise<readonly ProcessEntry[]> => {
  if (process.platform === "linux") return listLinuxProcesses();
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "pid=,ppid=,command="]);
  return stdout.split("\n").map((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), command: command.join(" ") };
  });
};

/** Containers often have no `ps`. */
const listLinuxProcesses = async (): Promise<readonly ProcessEntry[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const entries = pids.map(async (pid) => {
    const [stat, command] = await Promise.all(
      ["stat", "cmdline"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
    );
    const parent = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { pid: Number(pid), parent, command: command?.replaceAll("\0", " ") ?? "" };
  });
  return Promise.all(entries);
};

const keepText = (stream: NodeJS.ReadableStream): (() => string) => {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return () => text;
};

const requirePid = ({ pid }: ChildProcess): number => {
  if (pid === undefined) throw new Error("unable to run npm start; it has no process id");
  return pid;
};
