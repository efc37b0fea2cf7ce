import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFile, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { isAlive } from "../process/processes.ts";
import { waitUntil } from "../process/wait.ts";
import { projectDir } from "../start/home.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const installing = "Installing the dependencies";

interface Run {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the exit code or the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

let children: ChildProcess[] = [];
const dirs: string[] = [];

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

afterAll(async () => {
  await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true })));
});

const runIn = (cwd: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): Run => {
  // Not through the npm that runs these tests: its end is not ours to watch for.
  const { npm_lifecycle_event: _, ...own } = process.env;
  const child = spawn(command[0] ?? "", command.slice(1), { cwd, env: { ...own, ...env } });
  children.push(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
};

const runScript = (dir: string, script: string, ...args: string[]): Run =>
  runIn(dir, [process.execPath, "scripts/run.mjs", script, ...args]);

/** A project with `run.mjs` and one dependency, the pinned Node. */
const createProject = async (workspace = "allowBuilds:\n  node: true\n"): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "sendsar-run-"));
  dirs.push(dir);
  await mkdir(join(dir, "scripts"));
  await copyFile(join(projectDir, "scripts/run.mjs"), join(dir, "scripts/run.mjs"));
  const { default: root } = (await import("../../package.json", { with: { type: "json" } })) as {
    default: { packageManager: string; devDependencies: { node: string } };
  };
  const { packageManager, devDependencies } = root;
  const manifest = { private: true, type: "module", packageManager, devDependencies: { node: devDependencies.node } };
  await writeFile(join(dir, "package.json"), JSON.stringify(manifest));
  await writeFile(join(dir, "pnpm-workspace.yaml"), workspace);
  const lock = ["npx", "-y", "--prefer-offline", packageManager, "install", "--lockfile-only", "--pm-on-fail=ignore"];
  const { ended, stderr } = runIn(dir, lock);
  if ((await ended) !== 0) throw new Error(stderr());
  await writeFile(join(dir, "scripts/report.ts"), reportScript);
  await writeFile(join(dir, "scripts/wait.ts"), waitScript);
  return dir;
};

const reportScript = `
const report: object = { node: process.versions.node, args: process.argv.slice(2), path: process.env.PATH };
console.log(JSON.stringify(report));
process.exitCode = 7;
`;

/** Prints its process id and each signal; SIGHUP ends it with code 5, SIGTERM and SIGINT in the usual way. */
const waitScript = `
console.log(process.pid);
process.on("SIGHUP", () => process.exit(5));
process.on("disconnect", () => process.exit(6));
setInterval(() => undefined, 60_000);
`;

describe("run.mjs in an installed project", () => {
  let dir: string;

  beforeAll(async () => {
    dir = await createProject();
  });

  const startWaiting = async (command?: readonly string[], env?: Record<string, string>) => {
    const run = command ? runIn(dir, command, env) : runScript(dir, "scripts/wait.ts");
    await expect.poll(run.stdout, { timeout: 60_000 }).toMatch(/^\d+\n$/);
    return { ...run, scriptPid: Number(run.stdout()) };
  };

  test("installs once, with one line, and again when the lockfile has changed", async () => {
    const first = runScript(dir, "scripts/report.ts");
    expect(await first.ended).toBe(7);
    expect(first.stderr()).toMatch(new RegExp(`^${installing}.*\n$`));

    const second = runScript(dir, "scripts/report.ts");
    expect(await second.ended).toBe(7);
    expect(second.stderr()).toBe("");

    await appendFile(join(dir, "pnpm-lock.yaml"), "\n# changed\n");
    const third = runScript(dir, "scripts/report.ts");
    expect(await third.ended).toBe(7);
    expect(third.stderr()).toContain(installing);
  });

  test("runs the script with the pinned Node, its arguments, and the project's programs first", async () => {
    const run = runScript(dir, "scripts/report.ts", "one", "--two");
    expect(await run.ended).toBe(7);
    const { node, args, path } = JSON.parse(run.stdout()) as { node: string; args: string[]; path: string };
    expect(node).toMatch(/^24\./);
    expect(args).toEqual(["one", "--two"]);
    expect(path.split(":")[0]).toBe(join(dir, "node_modules/.bin"));
  });

  test.each([
    { signal: "SIGTERM", code: 128 + 15 },
    { signal: "SIGINT", code: 128 + 2 },
    { signal: "SIGHUP", code: 5 },
  ] as const)("hands $signal on and ends as the script ends", async ({ signal, code }) => {
    const { child, ended, scriptPid } = await startWaiting();
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(isAlive(scriptPid)).toBe(false);
  });

  test("a script that watches its channel ends when run.mjs is killed", async () => {
    const { child, scriptPid } = await startWaiting();
    child.kill("SIGKILL");
    expect(await waitUntil(() => !isAlive(scriptPid), { limitMs: 5000 })).toBe(true);
  });

  test("run by npm, it ends the script when the shell between the two is killed", async () => {
    const command = `"${process.execPath}" scripts/run.mjs scripts/wait.ts & wait`;
    const { child, scriptPid } = await startWaiting(["sh", "-c", command], { npm_lifecycle_event: "start" });
    child.kill("SIGKILL");
    expect(await waitUntil(() => !isAlive(scriptPid), { limitMs: 5000 })).toBe(true);
  });
});

describe("what keeps run.mjs from running", () => {
  test.each([
    { name: "not permitted", workspace: "allowBuilds:\n  node: false\n" },
    { name: "not decided on", workspace: "packages: []\n" },
  ])("an install script that is $name: one sentence", async ({ workspace }) => {
    const dir = await createProject(workspace);
    const run = runScript(dir, "scripts/report.ts");
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(/\nunable to .+install script .+not permitted/);
  });

  test("a lockfile that does not fit: one sentence and the end of the log", async () => {
    const dir = await createProject();
    const manifest = { private: true, packageManager: "pnpm@12.21.0", devDependencies: { node: "24.0.0" } };
    await writeFile(join(dir, "package.json"), JSON.stringify(manifest));
    const run = runScript(dir, "scripts/report.ts");
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(
      /\nunable to install the dependencies; pnpm-lock.yaml does not belong to .+\n\nThe end/,
    );
  });

  test("no registry: one sentence", async () => {
    const dir = await createProject();
    const offline = {
      npm_config_registry: "http://127.0.0.1:1/",
      npm_config_cache: join(dir, "cache"),
      npm_config_fetch_retries: "0",
    };
    const run = runIn(dir, [process.execPath, "scripts/run.mjs", "scripts/report.ts"], offline);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toContain("unable to install the dependencies; the package registry cannot be reached");
  });

  test("no script: how to use it", async () => {
    const run = runIn(projectDir, [process.execPath, "scripts/run.mjs"]);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(/^unable to run; usage: .+\n$/);
  });
});
