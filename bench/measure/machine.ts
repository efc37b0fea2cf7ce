import { execFile } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { promisify } from "node:util";
import { canPin } from "./pin.ts";

/** What figures depend on and a reader cannot see. */
export const machineFacts = async (): Promise<Readonly<Record<string, string>>> => ({
  CPU: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} cores`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${process.platform} ${release()}`,
  Node: process.version,
  cores: canPin ? "what is measured on core 0 with its Postgres, what measures on core 1" : "not bound (no taskset)",
});

/** The commit that is checked out, with a mark when files differ from it. */
export const currentCommit = async (projectDir: string): Promise<string> => {
  const git = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)("git", ["-C", projectDir, ...args])).stdout.trim();
  try {
    const commit = await git("rev-parse", "--short", "HEAD");
    return (await git("status", "--porcelain", "--", "gateway", "bench")) === "" ? commit : `${commit} with changes`;
  } catch {
    // A copy without its history.
    return "unknown";
  }
};
