import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../scripts/process/ports.ts";
import type { DevFile } from "../../scripts/start/dev-file.ts";
import { projectDir } from "../../scripts/start/home.ts";
import type { StartProcess } from "../../scripts/test/start-process.ts";
import { spawnStart } from "../../scripts/test/start-process.ts";
import { launchBrowser } from "../../scripts/testing/browser.ts";
import { createTestClient, createUserClient } from "../../scripts/testing/client.ts";
import { codeBlocks, readPage } from "./markdown.ts";
import { runPage } from "./run-page.ts";
import { missingPrograms, runInOneShell } from "./shell.ts";

/** The tutorial, typed from its first command to its last, against what `npm start` starts. */
const page = "docs/tutorials/quick-start.md";
const missing = missingPrograms();

let folder: string;
let stack: StartProcess;
let dev: DevFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sendsar-tutorial-"));
  stack = spawnStart({ home: join(folder, ".sendsar"), port: await freePort(), throughNpm: true });
  dev = await stack.ready();
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe("the quick start", () => {
  test.skipIf(missing.length > 0)(`every command works and prints what the page shows (needs bash, curl)`, async () => {
    // What `npm start` prints is checked below.
    expect(codeBlocks(await readPage(page))[0]).toMatchObject({ language: "sh", code: "npm start" });
    const path = `${projectDir}/node_modules/.bin:${process.env["PATH"]}`;
    const env = { ...process.env, PATH: path };
    const { count, mismatches } = await runPage(page, { cwd: folder, env, skip: ["npm start"] });
    expect(mismatches).toEqual([]);
    expect(count).toBeGreaterThan(6);
  });

  test("the contributor's commands work", async () => {
    const [path = ""] = codeBlocks(await readPage("docs/contributing/README.md")).map(({ code }) => code);
    const env = { ...process.env, SENDSAR_HOME: join(folder, ".sendsar") };
    const commands = [path, "node --version", "npm run --silent tenants -- list"];
    const [, version, tenants] = await runInOneShell(commands, { cwd: projectDir, env });
    expect(version).toMatch(/^v24\./);
    expect(JSON.parse(tenants ?? "")).toMatchObject([{ tenantId: "demo", status: "active" }]);
  });

  test("npm start prints the table that the page shows", async () => {
    const shown = codeBlocks(await readPage(page)).find(({ language }) => language === "text")?.code ?? "";
    const labels = shown.split("\n").map((line) => line.trim().split(/ {2,}/)[0] ?? "");
    expect(labels.length).toBe(5);
    for (const label of labels) expect(stack.stdout()).toContain(label);
    for (const fact of [dev.apiUrl, dev.apiKey, dev.webhookSecret, dev.docsUrl, dev.demoUrl]) {
      expect(stack.stdout()).toContain(fact);
    }
  });

  test("common blockers answer what the page says", async () => {
    const url = new URL(dev.apiUrl).origin;
    const api = createTestClient(url, { "x-api-key": dev.apiKey });
    const bad = createTestClient(url, { "x-api-key": `${dev.apiKey.slice(0, -1)}!` });
    await api.post("/users", { id: "blocked_1", username: "One" });
    const { token } = (await api.post("/auth/token", { userId: "blocked_1" })).body;
    const user = createUserClient(url, token);
    const room = await api.post("/chat/rooms", { participants: [{ id: "blocked_2" }] });

    const seen = [
      await bad.get("/chat/rooms"),
      await api.post("/auth/token", { userId: "never-created" }),
      await user.get(`/chat/rooms/${room.body.id}`),
      await user.post(`/chat/rooms/${room.body.id}/read`, { userId: "blocked_2" }),
      await user.post("/auth/token", { userId: "blocked_1" }),
    ].map(({ status, body }) => `${status} \`${body.code}\``);
    const text = await readPage(page);
    for (const blocker of seen) expect(text).toContain(`| ${blocker}`);
    expect(new Set(seen).size).toBe(5);
  });
});

describe("the page of the quick start, in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  test("a second browser sees a message without a reload, and a reload finds it again", async () => {
    const [ann, bo] = await Promise.all(
      ["ann", "bo"].map(async (user) => {
        const tab = await (await browser.newContext()).newPage();
        await tab.goto(`${dev.demoUrl}/minimal.html?user=${user}`);
        await tab.waitForSelector("#list li");
        return tab;
      }),
    );
    if (!ann || !bo) throw new Error("both pages are needed");
    await ann.fill("input[name=text]", "typed by hand");
    await ann.click("button");
    await bo.waitForSelector("text=ann: typed by hand");
    await bo.reload();
    await bo.waitForSelector("text=ann: typed by hand");
  });

  test("the API reference opens and asks nobody but the gateway", async () => {
    const tab = await (await browser.newContext()).newPage();
    const hosts = new Set<string>();
    tab.on("request", (request) => hosts.add(new URL(request.url()).host));
    await tab.goto(dev.docsUrl);
    await tab.waitForSelector("text=Create or update a user");
    expect([...hosts].filter((host) => host !== "")).toEqual([new URL(dev.docsUrl).host]);
  });
});

test("the tutorial's files are those that run", async () => {
  const example = await readFile(join(projectDir, "docs/examples/quick-start/session-route.ts"), "utf8");
  const shown = codeBlocks(await readPage(page)).find(({ language }) => language === "ts");
  expect(example).toContain(shown?.code);
});
