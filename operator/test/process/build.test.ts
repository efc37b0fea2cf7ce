import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { projectDir } from "../../../scripts/start/home.ts";

const run = promisify(execFile);

test("`node operator/build.ts` makes an operator that needs Node and nothing else", async () => {
  await run(process.execPath, ["operator/build.ts"], { cwd: projectDir });
  // Far from any `node_modules`.
  const elsewhere = await mkdtemp(join(tmpdir(), "sendsar-built-"));
  try {
    await cp(join(projectDir, "operator/dist"), elsewhere, { recursive: true });
    const { stdout } = await run(process.execPath, ["main.js", "--help"], { cwd: elsewhere, env: {} });
    expect(stdout).toContain("--dry-run");
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}, 60_000);
