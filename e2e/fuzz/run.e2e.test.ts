import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(projectDir, "e2e/fuzz/run.ts"), ...args], { cwd: projectDir });

test("the command sends as many requests and packets as it was told, prints the figures and ends with 0", async () => {
  const { stdout } = await run("--requests", "300", "--packets", "100", "--seed", "7");
  expect(stdout).toMatch(/^seed 7$/m);
  expect(stdout).toMatch(/^3\d\d requests in \d+ s; 200: \d+/m);
  expect(stdout).toMatch(/^100 packets over \d+ sockets/m);
  expect(stdout).toMatch(/^nothing wrong$/m);
}, 120_000);

test("it says what is wrong with its arguments", async () => {
  await expect(run("--requests", "many")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("unable to read --requests") as string,
  });
});
