import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import type { Summary } from "./summary.ts";
import { codeOf } from "../process/sentence.ts";
import { projectDir } from "../start/home.ts";

/** Names the environment variable with the file for the summary; vitest.config.ts reads it. */
export const summaryFileVariable = "SENDSAR_TEST_SUMMARY";

/** Runs Vitest on the terminal. A run that says it went well without having run a test has failed. */
export const runVitest = async (args: readonly string[], signal: AbortSignal): Promise<Summary> => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-summary-"));
  try {
    const file = join(dir, "summary.json");
    const { exitCode } = await runCommand({
      command: join(projectDir, "node_modules/.bin/vitest"),
      args: ["run", ...args],
      env: { [summaryFileVariable]: file },
      quiet: false,
      signal,
    });
    return judge(await readSummary(file), exitCode);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};

const none: Summary = { passed: 0, failures: [], skips: [] };

const judge = (summary: Summary | undefined, exitCode: number | undefined): Summary => {
  const { passed, failures, skips } = summary ?? none;
  const reason = runFailure(summary, exitCode);
  return { passed, failures: reason === undefined ? failures : [...failures, { name: "vitest", reason }], skips };
};

const runFailure = (summary: Summary | undefined, exitCode: number | undefined): string | undefined => {
  if (!summary) return "it ended without a report";
  if (summary.passed + summary.failures.length === 0) return "no test was run";
  if (exitCode !== 0 && summary.failures.length === 0) return `it ended with exit code ${exitCode ?? "none"}`;
  return undefined;
};

const readSummary = async (file: string): Promise<Summary | undefined> => {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Summary;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
};
