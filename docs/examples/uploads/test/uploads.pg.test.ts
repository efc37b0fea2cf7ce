import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../../gateway/src/config.ts";
import { startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../../../scripts/testing/sample-files.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { createEmptyFolder } from "../../../test/empty-folder.ts";
import { codeBlocks, readPage } from "../../../test/markdown.ts";

const blocks = codeBlocks(await readPage("docs/how-to/uploads.md"));

test("a server sends a file, and prints what the page shows", async () => {
  await ensureTestSdk();
  await using gateway = await startTestGateway();
  await using folder = await createEmptyFolder(["docs/examples/uploads/send-receipt.mjs"], ["server"]);
  await writeFile(join(folder.dir, "receipt.pdf"), sampleFiles.pdf.bytes);
  const env = { ...process.env, API_URL: `${gateway.url}/v1`, API_KEY: gateway.a.apiKey };
  const { stdout } = await promisify(execFile)(process.execPath, ["send-receipt.mjs"], { cwd: folder.dir, env });
  const shown = blocks.find(({ language }) => language === "text");
  expect(stdout.trim()).toBe(shown?.code);

  const { rooms } = (await gateway.a.api.get("/chat/rooms?externalId=order:9003")).body;
  const { messages } = (await gateway.a.api.get(`/chat/rooms/${rooms[0].id}/messages`)).body;
  const file = await fetch(messages[0].parts[1].accessUrl);
  expect(Buffer.from(await file.arrayBuffer())).toEqual(sampleFiles.pdf.bytes);
});

describe("the configuration that the page shows", () => {
  const shown = blocks.filter(({ language }) => language === "ini");
  test.each(shown)("at line $line is one that a gateway starts with", ({ code }) => {
    const given = Object.fromEntries(code.split("\n").map((line) => line.split("=", 2)));
    const needed = { DATABASE_URL: "postgres://gateway@localhost/db", MASTER_KEY: Buffer.alloc(32).toString("base64") };
    const { files } = readConfig({ ...needed, ...given });
    expect(files).toMatchObject({ kind: given.FILE_STORE, publicUrl: "https://chat.example.com" });
  });
  test("is shown for both stores", () => {
    expect(shown.length).toBe(3);
  });
});
