import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(projectDir, "e2e/faults/run.ts"), ...args], { cwd: projectDir });

test("the command plays a row, prints its table and ends with 0 when every promise was kept", async () => {
  // Also of a run that failed the output is looked at first: it says which promise was not kept.
  const ended = await run("--row", "4", "--quick", "--messages", "100").catch((error: unknown) => error);
  const { stdout } = ended as { readonly stdout: string };
  expect(stdout).toContain("F04 LISTEN connection lost: kept");
  expect(stdout).toMatch(/^4 +LISTEN connection lost .* yes$/m);
  expect(ended).not.toHaveProperty("code");
}, 120_000);

test("it says what is wrong with its arguments", async () => {
  await expect(run("--row", "99")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("unable to play row 99; there is none") as string,
  });
  await expect(run("--messages", "many")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("unable to read --messages") as string,
  });
});
