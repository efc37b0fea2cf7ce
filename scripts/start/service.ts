import { join } from "node:path";
import { projectDir } from "./home.ts";
import type { Home } from "./home.ts";
import { startChild } from "../process/child.ts";
import type { Child } from "../process/child.ts";
import { Sentence } from "../process/sentence.ts";
import { lastLines } from "../process/text-tail.ts";
import { waitUntil } from "../process/wait.ts";

export interface ServiceOptions {
  /** What the reader calls it, such as `the gateway`. */
  readonly name: string;
  /** Names its log file. */
  readonly id: string;
  /** Path of its entry file from the root of the project. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

const readyMsMax = 30_000;
const probeMsMax = 2000;

/** Starts one of our servers as a process that ends when this one does. */
export const startService = (home: Home, { name, id, script, env }: ServiceOptions): Promise<Child> =>
  startChild({
    name,
    command: process.execPath,
    args: [join(projectDir, script)],
    env: { ...process.env, ...env },
    cwd: projectDir,
    logFile: join(home.logsDir, `${id}.log`),
    channel: true,
  });

/** Waits until the URL answers 2xx. Throws a sentence if the process ends instead, or takes too long. */
export const waitForService = async (child: Child, readyUrl: string, signal: AbortSignal): Promise<void> => {
  const ready = await waitUntil(async () => child.hasEnded() || (await isOk(readyUrl)), {
    limitMs: readyMsMax,
    everyMs: 50,
    signal,
  });
  if (child.hasEnded()) throw new Sentence(`unable to start ${child.name}; ${await describeEnd(child)}`);
  if (ready) return;
  throw new Sentence(`unable to start ${child.name}; ${readyUrl} did not answer within 30 s; see ${child.logFile}`);
};

/** How a process ended, its last words, and where to read more. */
export const describeEnd = async (child: Child): Promise<string> => {
  const how = await child.ended;
  const [line = ""] = await lastLines(child.logFile, 1, child.logStart);
  // A line of the structured log is nothing to read in a sentence.
  const words = line === "" || line.startsWith("{") ? "" : `, its last words: ${line.trim()}`;
  return `it ended with ${how}${words}; see ${child.logFile}`;
};

const isOk = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(probeMsMax) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
};
