import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { createEmptyFolder } from "../../../test/empty-folder.ts";
import { codeBlocks, readPage } from "../../../test/markdown.ts";

test("the recipes run from the first to the last, and print what the page shows", async () => {
  await ensureTestSdk();
  await using gateway = await startTestGateway({ config: { rateLimits: true } });
  await using folder = await createEmptyFolder(["docs/examples/server-api/recipes.mjs"], ["server"]);
  const env = { ...process.env, API_URL: `${gateway.url}/v1`, API_KEY: gateway.a.apiKey };
  const { stdout } = await promisify(execFile)(process.execPath, ["recipes.mjs"], { cwd: folder.dir, env });

  const blocks = codeBlocks(await readPage("docs/how-to/server-api.md"));
  const shown = blocks.filter(({ language }, index) => language === "text" && blocks[index - 1]?.language === "js");
  expect(stdout).toBe(shown.map(({ code }) => `${code}\n`).join(""));
  expect(shown.length).toBeGreaterThan(8);
});
