import { join } from "node:path";
import { ensureBinaries } from "./kube/build-binaries.ts";
import { runCommand } from "./run-command.ts";
import type { Summary } from "./summary.ts";
import { projectDir } from "../start/home.ts";

/** A check of the whole project that counts as one test. */
interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const bin = (name: string): string => join(projectDir, "node_modules/.bin", name);

const steps: readonly Step[] = [
  { name: "generated files are fresh", command: process.execPath, args: ["scripts/generate.ts", "--check"] },
  { name: "format", command: bin("oxfmt"), args: ["--check", "."] },
  { name: "lint", command: bin("oxlint"), args: ["--type-aware", "--deny-warnings"] },
  { name: "types", command: bin("tsc"), args: ["--noEmit"] },
  { name: "client builds within its size limit", command: process.execPath, args: ["sdk/javascript/build.ts"] },
  { name: "server SDK builds", command: process.execPath, args: ["sdk/server/build.ts"] },
];

/**
 * Makes the programs of Kubernetes that tests need, with a line for each that takes minutes. Where they cannot be had, that is a
 * skip: the tests that need them say the same.
 */
export const buildKube = async (signal: AbortSignal): Promise<Summary> => {
  const name = "programs of Kubernetes are built";
  const startedAt = performance.now();
  const found = await ensureBinaries({ say: (line) => console.log(`...     ${line}`), signal });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if ("paths" in found) {
    console.log(`ok      ${name} (${seconds} s)`);
    return { passed: 1, failures: [], skips: [] };
  }
  console.log(`SKIPPED ${name}: ${found.problem}`);
  return { passed: 0, failures: [], skips: [{ file: "scripts/testing/kube", name, reason: found.problem }] };
};

/** Runs every check, one after the other, with a line each; what one prints is shown only if it fails. */
export const runSteps = async (signal: AbortSignal): Promise<Summary[]> => {
  const summaries: Summary[] = [];
  for (const step of steps) {
    if (signal.aborted) break;
    summaries.push(await runStep(step, signal));
  }
  return summaries;
};

const runStep = async ({ name, command, args }: Step, signal: AbortSignal): Promise<Summary> => {
  const startedAt = performance.now();
  const { exitCode, output } = await runCommand({ command, args, quiet: true, signal });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${exitCode === 0 ? "ok    " : "FAILED"}  ${name} (${seconds} s)`);
  if (exitCode === 0) return { passed: 1, failures: [], skips: [] };
  console.log(output.trimEnd());
  const reason = exitCode === undefined ? "it did not run to its end" : `exit code ${exitCode}; its output is above`;
  return { passed: 0, failures: [{ name, reason }], skips: [] };
};
