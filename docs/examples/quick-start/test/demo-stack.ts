import type { BrowserContextOptions, Page } from "playwright-core";
import { waitUntil } from "../../../../scripts/process/wait.ts";
import { launchBrowser } from "../../../../scripts/testing/browser.ts";
import type { TestClient } from "../../../../scripts/testing/client.ts";
import { startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { startDemoProcess } from "./demo-process.ts";

/** The whole demo, real from end to end: database, gateway, backend, browser. */
export interface DemoStack extends AsyncDisposable {
  readonly url: string;
  /** Calls the gateway with the tenant's API key. */
  readonly api: TestClient;
  /** Opens a page in a browser profile of its own; with a user's id, that user's chat. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
  /** What pages complained about since the last call: errors on the console, exceptions, what the policy refused. */
  takeComplaints(): readonly string[];
  /** Closes every page. Throws when one complained and no test took it. */
  closePages(): Promise<void>;
}

const readyMsMax = 10_000;
const stepMsMax = 10_000;

/** Starts it, with the demo's users and rooms in place. */
export const startDemoStack = async (): Promise<DemoStack> => {
  await using starting = new AsyncDisposableStack();
  await ensureTestSdk();
  const gateway = starting.use(await startTestGateway());
  const { api, apiKey } = gateway.a;
  const demo = starting.use(startDemoProcess({ API_URL: `${gateway.url}/v1`, API_KEY: apiKey, PORT: "0" }));
  const url = await demo.url;
  const isReady = await waitUntil(async () => (await fetch(`${url}/healthz`)).ok, { limitMs: readyMsMax });
  if (!isReady) throw new Error(`unable to start the demo; ${demo.output()}`);
  const browser = await launchBrowser();
  starting.defer(() => browser.close());
  const complaints: string[] = [];
  const stack = starting.move();
  return {
    url,
    api,
    open: async (path, options) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
      context.setDefaultTimeout(stepMsMax);
      const page = await context.newPage();
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.goto(url + path);
      return page;
    },
    takeComplaints: () => complaints.splice(0),
    closePages: async () => {
      await Promise.all(browser.contexts().map((context) => context.close()));
      const left = complaints.splice(0);
      if (left.length > 0) throw new Error(`a page complained: ${left.join("; ")}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

/** The id of a demo room, as the tenant's backend knows it. */
export const roomIdOf = async (api: TestClient, externalId: string): Promise<string> => {
  const { body } = await api.get(`/chat/rooms?externalId=${encodeURIComponent(externalId)}`);
  return body.rooms[0].id;
};

/** Writes a message as a user, from the tenant's backend. */
export const writeAs = async (api: TestClient, roomId: string, senderId: string, text: string): Promise<void> => {
  const answer = await api.post(`/chat/rooms/${roomId}/messages`, { senderId, parts: [{ type: "text", text }] });
  if (answer.status !== 201) throw new Error(`unable to write as ${senderId}; ${JSON.stringify(answer.body)}`);
};
