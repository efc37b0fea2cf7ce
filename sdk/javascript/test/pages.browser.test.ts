import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { launchBrowser } from "../../../scripts/testing/browser.ts";
import { buildSdk } from "../build.ts";
import { type GatewayDouble, startGatewayDouble } from "./gateway-double.ts";
import { toMessage } from "./test-message.ts";
import { type PageGlobals, type TestSite, startTestSite } from "./test-site.ts";

let browser: Browser;
let site: TestSite;
let gateway: GatewayDouble;
let page: Page;
let pageErrors: string[];

beforeAll(async () => {
  await buildSdk();
  browser = await launchBrowser();
  site = await startTestSite();
});

afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
});

beforeEach(async () => {
  gateway = await startGatewayDouble();
  page = await browser.newPage();
  pageErrors = [];
  page.on("pageerror", (error) => pageErrors.push(error.message));
});

afterEach(async () => {
  await page.close();
  await gateway[Symbol.asyncDispose]();
});

const open = async (path: string): Promise<void> => {
  await page.goto(`${site.origin}${path}`);
  await page.waitForFunction(() => (globalThis as unknown as PageGlobals).Sendsar !== undefined);
};

test.for(["/script.html", "/module.html"])("%s: Sendsar.init works in Chromium, across origins", async (path) => {
  await open(path);
  const sent = await page.evaluate(async (apiUrl) => {
    const globals = globalThis as unknown as PageGlobals;
    const chat = globals.Sendsar.init({ apiUrl });
    globals.chat = chat;
    globals.heard = [];
    chat.on("new-message", (message) => globals.heard.push(message.id));
    await chat.connect({ userId: "ann", token: "ann" });
    await chat.joinRoom("r1");
    await chat.listRooms();
    return chat.sendMessage("r1", "hello from a page");
  }, gateway.apiUrl);
  expect(gateway.messages).toEqual([sent]);
  expect(sent.clientMessageId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  gateway.emit("new-message", toMessage(2, "r1", "bob"));
  await vi.waitFor(async () => {
    const heard = await page.evaluate(() => (globalThis as unknown as PageGlobals).heard);
    expect(heard).toEqual(["message-1", "message-2"]);
  });
  await page.evaluate(() => (globalThis as unknown as PageGlobals).chat.disconnect());
  await vi.waitFor(() => expect(gateway.sockets()).toEqual([]));
  expect(pageErrors).toEqual([]);
});

test("the classic script names its error class, and every rejection is of it", async () => {
  await open("/script.html");
  const error = await page.evaluate(async (apiUrl) => {
    const { Sendsar } = globalThis as unknown as PageGlobals;
    const chat = Sendsar.init({ apiUrl });
    try {
      await chat.sendMessage("r1", "too early");
      return "sent";
    } catch (error) {
      return error instanceof Sendsar.SendsarError && `${error.name} ${error.code}: ${error.message}`;
    }
  }, gateway.apiUrl);
  expect(error).toBe("SendsarError not_connected: unable to send message; call connect() first");
});

test("a page that loses its network is online again when the network returns", async () => {
  await open("/script.html");
  const state = () => page.evaluate(() => (globalThis as unknown as PageGlobals).chat.state);
  await page.evaluate(async (apiUrl) => {
    const globals = globalThis as unknown as PageGlobals;
    globals.chat = globals.Sendsar.init({ apiUrl });
    await globals.chat.connect({ userId: "ann", token: "ann" });
    await globals.chat.joinRoom("r1");
  }, gateway.apiUrl);
  await page.context().setOffline(true);
  await vi.waitFor(async () => expect(await state()).toBe("reconnecting"));
  await page.context().setOffline(false);
  await vi.waitFor(async () => expect(await state()).toBe("connected"), 5000);
  await vi.waitFor(() => expect(gateway.events.filter(({ name }) => name === "join-room")).toHaveLength(2));
  expect(pageErrors).toEqual([]);
});

test("a message that was not sent before a reload is sent after it, once", async () => {
  const connect = (apiUrl: string) => {
    const globals = globalThis as unknown as PageGlobals;
    globals.chat = globals.Sendsar.init({ apiUrl });
    return globals.chat.connect({ userId: "ann", token: "ann" });
  };
  await open("/script.html");
  await page.evaluate(connect, gateway.apiUrl);
  let tries = 0;
  await page.route("**/messages", (route) => {
    tries += 1;
    return route.abort();
  });
  await page.evaluate(() => {
    const { chat } = globalThis as unknown as PageGlobals;
    for (const text of ["one", "two"]) void chat.sendMessage("r1", text);
  });
  await vi.waitFor(() => expect(tries).toBeGreaterThan(0));
  expect(gateway.messages).toEqual([]);
  await page.unroute("**/messages");
  await page.reload();
  await page.waitForFunction(() => (globalThis as unknown as PageGlobals).Sendsar !== undefined);
  await page.evaluate(connect, gateway.apiUrl);
  await vi.waitFor(() => expect(gateway.messages).toHaveLength(2));
  await page.waitForFunction(() => (globalThis as unknown as PageGlobals).chat.outbox.entries.length === 0);
  expect(gateway.messages.map(({ parts }) => parts[0]?.["text"])).toEqual(["one", "two"]);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});

test("a page that may not use its storage sends all the same", async () => {
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, "localStorage", {
      get: () => {
        throw new DOMException("forbidden by the browser", "SecurityError");
      },
    });
  });
  await open("/script.html");
  const isStored = await page.evaluate(async (apiUrl) => {
    const globals = globalThis as unknown as PageGlobals;
    globals.chat = globals.Sendsar.init({ apiUrl });
    await globals.chat.connect({ userId: "ann", token: "ann" });
    const sent = globals.chat.sendMessage("r1", "hello");
    const [entry] = globals.chat.outbox.entries;
    await sent;
    return entry?.isStored;
  }, gateway.apiUrl);
  expect(isStored).toBe(false);
  expect(gateway.messages).toHaveLength(1);
});
