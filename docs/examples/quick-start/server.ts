import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Sendsar, SendsarError, createSendsar } from "@sendsar/server-sdk";
import { ensureDemoData } from "./demo-data.ts";
import { createDemoServer } from "./demo-server.ts";

/**
 * The demo's backend: `API_URL=http://localhost:3001/v1 API_KEY=sk_… PORT=3002 node server.ts`. It listens on
 * loopback only, because its login believes anybody. A parent process is told `{ url }`, and this ends when it does.
 */
const main = async (): Promise<void> => {
  const stop = stopSignal();
  const { apiUrl, apiKey } = readAddress();
  // docs:start(client)
  const sendsar = createSendsar({ apiUrl, apiKey, signal: stop });
  // docs:end(client)
  let ready = false;
  const server = await createDemoServer({ sendsar, isReady: () => ready });

  server.listen(Number(process.env["PORT"] ?? 3002), process.env["HOST"] ?? "127.0.0.1");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  process.send?.({ url });
  try {
    ready = await createDemoData(sendsar, stop);
    if (ready) console.log(`Two people, one chat: ${url}`);
    if (!stop.aborted) await once(stop, "abort");
  } finally {
    await close(server);
  }
};

const readAddress = (): { readonly apiUrl: string; readonly apiKey: string } => {
  const { API_URL: apiUrl = "http://localhost:3001/v1", API_KEY: apiKey } = process.env;
  if (!apiKey) throw new Error("unable to start; API_KEY must be the tenant's key, as in API_KEY=sk_… node server.ts");
  if (!URL.canParse(apiUrl)) throw new Error(`unable to start; API_URL must be a URL, and ${apiUrl} is none`);
  return { apiUrl, apiKey };
};

/** Aborts at SIGTERM, SIGINT, or when the parent that started us is gone. */
const stopSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.once(event, stop);
  return controller.signal;
};

/** Waits for the gateway as long as it takes. Answers false if told to stop before the data was there. */
const createDemoData = async (sendsar: Sendsar, stopped: AbortSignal): Promise<boolean> => {
  for (let attempt = 0; !stopped.aborted; attempt += 1) {
    try {
      await ensureDemoData(sendsar);
      return true;
    } catch (error) {
      if (stopped.aborted) break;
      if (!(error instanceof SendsarError) || isRefusal(error)) throw error;
      if (attempt === 0) console.log(`Waiting for the gateway at ${sendsar.apiUrl}: ${error.reason}`);
      await delay(retryDelayMs, undefined, { signal: stopped }).catch(() => undefined);
    }
  }
  return false;
};

const retryDelayMs = 500;

/** Asking again would not help: the key or the request is wrong. */
const isRefusal = ({ status }: SendsarError): boolean => status !== undefined && status < 500 && status !== 429;

/** Lets answers under way finish for a moment, then cuts. */
const close = async (server: Server): Promise<void> => {
  const closed = once(server, "close");
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), drainMsMax);
  await closed;
  clearTimeout(cut);
};

const drainMsMax = 300;

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
