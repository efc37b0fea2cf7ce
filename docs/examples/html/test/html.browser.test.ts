import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../../../scripts/process/ports.ts";
import { launchBrowser } from "../../../../scripts/testing/browser.ts";
import { type TestGateway, startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { type EmptyFolder, createEmptyFolder } from "../../../test/empty-folder.ts";
import { type ExampleServer, startExampleServer } from "../../../test/example-server.ts";

let gateway: TestGateway;
let folder: EmptyFolder;
let server: ExampleServer;
let browser: Browser;

beforeAll(async () => {
  await ensureTestSdk();
  gateway = await startTestGateway();
  const files = ["server.mjs", "chat.html", "module.html"].map((name) => `docs/examples/html/${name}`);
  folder = await createEmptyFolder(files, ["javascript", "server"]);
  server = await startExampleServer({
    command: [process.execPath, "server.mjs"],
    cwd: folder.dir,
    port: await freePort(),
    env: { API_URL: `${gateway.url}/v1`, API_KEY: gateway.a.apiKey },
  });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const open = async (path: string): Promise<Page> => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}${path}`);
  return page;
};

test("who is in no room is told so", async () => {
  const page = await open("/chat.html?user=ann");
  await page.getByText("ann is in no room desk:1").waitFor();
  await page.close();
});

describe("with the room of the page", () => {
  beforeAll(async () => {
    const participants = [
      { id: "ann", username: "Ann Lindqvist" },
      { id: "bo", username: "Bo Tanaka" },
    ];
    await gateway.a.api.post("/chat/rooms", { externalId: "desk:1", name: "Front desk", participants });
  });

  test("what one writes the others see at once, from a classic script and from a module", async () => {
    const [ann, bo, module] = await Promise.all([
      open("/chat.html?user=ann"),
      open("/chat.html?user=bo"),
      open("/module.html"),
    ]);
    for (const page of [ann, bo]) await page.getByText("connected", { exact: true }).waitFor();
    await ann.getByLabel("Message").fill("Is it still hot?");
    await ann.keyboard.press("Enter");
    await bo.getByText("Ann Lindqvist: Is it still hot?").waitFor();
    await module.getByText("ann: Is it still hot?").waitFor();
    expect(await ann.getByRole("listitem").allTextContents()).toEqual(["Ann Lindqvist: Is it still hot?"]);

    await bo.getByLabel("Message").pressSequentially("yes");
    await ann.getByText("typing …").waitFor();
    await bo.reload();
    await bo.getByText("Ann Lindqvist: Is it still hot?").waitFor();
  });

  test("who is not logged in is told so", async () => {
    const page = await open("/chat.html?user=nobody");
    await page.getByText(/Log in to chat/).waitFor();
  });

  test("a deleted message loses its words on both pages", async () => {
    const [ann, module] = await Promise.all([open("/chat.html?user=ann"), open("/module.html")]);
    const [room] = (await gateway.a.api.get("/chat/rooms?externalId=desk:1")).body.rooms;
    const parts = [{ type: "text", text: "a slip of the tongue" }];
    const sent = await gateway.a.api.post(`/chat/rooms/${room.id}/messages`, { senderId: "bo", parts });
    for (const page of [ann, module]) await page.getByText("a slip of the tongue").waitFor();
    await gateway.a.api.call("DELETE", `/chat/rooms/${room.id}/messages/${sent.body.id}?userId=bo`);
    await ann.getByText("Bo Tanaka: Message deleted").waitFor();
    await module.getByText("bo: (deleted)").waitFor();
    for (const page of [ann, module]) expect(await page.getByText("a slip of the tongue").count()).toBe(0);
  });

  test("a message with markup in it stays text", async () => {
    const page = await open("/chat.html?user=ann");
    await page.getByText("connected", { exact: true }).waitFor();
    await page.getByLabel("Message").fill("<img src=x onerror=alert(1)>");
    await page.keyboard.press("Enter");
    await page.getByText("Ann Lindqvist: <img src=x onerror=alert(1)>").waitFor();
    expect(await page.locator("#list img").count()).toBe(0);
  });
});
