import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive } from "../process/processes.ts";
import { waitUntil } from "../process/wait.ts";
import { projectDir } from "../start/home.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sendsar-test-run-"));
  await symlink(join(projectDir, "node_modules"), join(dir, "node_modules"));
  const reporter = join(projectDir, "scripts/testing/summary-reporter.ts");
  await writeFile(
    join(dir, "vitest.config.ts"),
    `import { createSummaryReporter } from ${JSON.stringify(reporter)};
     const reporters = ["default", createSummaryReporter(String(process.env.SENDSAR_TEST_SUMMARY))];
     export default { test: { include: ["*.case.ts"], reporters, teardownTimeout: 1000 } };`,
  );
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const writeCase = (name: string, text: string): Promise<void> =>
  writeFile(
    join(dir, `${name}.case.ts`),
    `import { beforeAll, describe, expect, test } from "vitest"; export const used = [beforeAll, describe, expect];\n${text}`,
  );

/** Runs `npm test -- …` on the test's own folder instead of the project's tests. */
const spawnTestRun = (...args: string[]) => {
  const own = ["--root", dir, "--config", join(dir, "vitest.config.ts")];
  const child = spawn(process.execPath, [join(projectDir, "scripts/test.ts"), ...own, ...args], { cwd: projectDir });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<{ exitCode: number | null; stdout: string; lastLine: string | undefined }>((resolve) => {
    child.once("close", (exitCode) => resolve({ exitCode, stdout, lastLine: stdout.trimEnd().split("\n").at(-1) }));
  });
  return { child, ended, stderr: () => stderr };
};

test("what passes: counted in the last line, exit code 0", async () => {
  await writeCase("good", `test("a", () => {}); test("b", () => {});`);
  expect(await spawnTestRun().ended).toMatchObject({ exitCode: 0, lastLine: "2 passed, 0 failed, 0 skipped" });
});

test("what fails: named with its reason, exit code 1", async () => {
  await writeCase("bad", `test("a", () => {}); test("b", () => expect(1).toBe(2));`);
  const { exitCode, stdout, lastLine } = await spawnTestRun().ended;
  expect({ exitCode, lastLine }).toEqual({ exitCode: 1, lastLine: "1 passed, 1 failed, 0 skipped" });
  expect(stdout).toMatch(/\nFAILED\n {2}bad\.case\.ts > b\n {4}expected 1 to be 2/);
});

test.each([
  { name: "a file that does not load", text: `import "./nothing.ts"; test("a", () => {});`, passed: 0, skipped: 0 },
  {
    name: "a hook that throws",
    text: `beforeAll(() => { throw new Error("x"); }); test("a", () => {});`,
    passed: 0,
    skipped: 1,
  },
  {
    name: "an error that nobody awaits",
    text: `test("a", async () => { setTimeout(() => { throw new Error("x"); }); await new Promise((r) => setTimeout(r, 50)); });`,
    passed: 1,
    skipped: 0,
  },
])("$name is a failure", async ({ text, passed, skipped }) => {
  await writeCase("broken", text);
  const expected = { exitCode: 1, lastLine: `${passed} passed, 1 failed, ${skipped} skipped` };
  expect(await spawnTestRun().ended).toMatchObject(expected);
});

test("what is skipped: said loudly, with the reason, and no failure", async () => {
  await writeCase("some", `test("a", () => {}); for (const n of "bc") test(n, (it) => it.skip("no Chromium here"));`);
  const { exitCode, stdout, lastLine } = await spawnTestRun().ended;
  expect({ exitCode, lastLine }).toEqual({ exitCode: 0, lastLine: "1 passed, 0 failed, 2 skipped" });
  expect(stdout).toContain("\nSKIPPED\n  some.case.ts: no Chromium here (2 tests)\n");
});

test.each([
  { name: "no file matches", text: `test("a", () => {});`, args: ["nothing-like-this"] },
  { name: "all are skipped", text: `test.skip("a", () => {});`, args: [] },
])("when $name, no test was run: a failure", async ({ text, args }) => {
  await writeCase("some", text);
  const { exitCode, lastLine } = await spawnTestRun(...args).ended;
  expect(exitCode).toBe(1);
  expect(lastLine).toMatch(/^0 passed, 1 failed, [01] skipped$/);
});

test("told to stop, it ends the tests that run", async () => {
  const pidFile = join(dir, "pid");
  await writeCase(
    "long",
    `import { writeFileSync } from "node:fs";
     test("a", async () => { writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); await new Promise(() => {}); }, 60_000);`,
  );
  const { child, ended } = spawnTestRun();
  const readPid = () => readFile(pidFile, "utf8").then(Number, () => 0);
  await expect.poll(readPid, { timeout: 20_000 }).toBeGreaterThan(0);
  const pid = await readPid();
  child.kill("SIGTERM");
  expect((await ended).exitCode).toBe(130);
  expect(await waitUntil(() => !isAlive(pid), { limitMs: 5000 })).toBe(true);
});
