import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { acquireLock } from "../../start/lock.ts";
import { runCommand } from "../run-command.ts";
import type { FoundBinaries } from "./binaries.ts";
import { binariesDir, findBinaries, isThere } from "./binaries.ts";
import { kubeCacheDir } from "./cache-dir.ts";
import type { ToolName } from "./tool-build.ts";
import { readToolBuild, toolNames, toolPackages, toolsDir } from "./tool-build.ts";

/** Longer than the slowest machine takes: another run may be building just now. */
const lockWaitMs = 60 * 60_000;

export interface BuildOptions {
  /** Told before anything that takes minutes. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Finds the programs, and builds those that are nowhere with Go: once for these pins and this user, one after the other and
 * with low priority. Runs that come at the same time wait for the one that builds. A program appears in the cache finished or
 * not at all, so a build that was broken off goes on with the next one. Answers a problem where they can not be had.
 */
export const ensureBinaries = async ({ say, signal }: BuildOptions): Promise<FoundBinaries> => {
  const found = await findBinaries();
  if ("paths" in found) return found;
  const go = await runCommand({ command: "go", args: ["version"], quiet: true, signal });
  if (go.exitCode !== 0) return { problem: "there is neither Go to build Kubernetes with nor a KUBEBUILDER_ASSETS" };
  const dir = await binariesDir();
  await mkdir(dir, { recursive: true });
  await using lock = await acquireLock(join(kubeCacheDir(), "build.lock"), { waitMs: lockWaitMs, signal });
  if (!lock) return { problem: `another build holds ${kubeCacheDir()}/build.lock for an hour` };
  for (const [index, name] of toolNames.entries()) {
    if (await isThere(join(dir, name))) continue;
    say(
      `building ${name} (${index + 1} of ${toolNames.length}); the first time on a machine, all take some ten minutes`,
    );
    const problem = await buildTool(name, dir, signal);
    if (problem !== undefined) return { problem };
  }
  return await findBinaries();
};

const buildTool = async (name: ToolName, dir: string, signal: AbortSignal): Promise<string | undefined> => {
  const build = await readToolBuild();
  const unfinishedDir = await mkdtemp(join(dir, "unfinished-"));
  try {
    const unfinished = join(unfinishedDir, name);
    const args = ["-n", "10", "go", "build", "-C", toolsDir, ...build.args, "-o", unfinished, toolPackages[name]];
    const { exitCode, output } = await runCommand({ command: "nice", args, env: build.env, quiet: true, signal });
    if (exitCode !== 0) return `go build of ${name} failed: ${output.trim().split("\n").slice(-3).join(" / ")}`;
    await rename(unfinished, join(dir, name));
    return undefined;
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
};
