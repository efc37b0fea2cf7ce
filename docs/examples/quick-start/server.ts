import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ensureDemoData } from "./demo-data.ts";
import { createDemoServer } from "./demo-server.ts";
import { GatewayRefusal, reasonOf } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";

/**
 * The demo's backend: `API_URL=http://localhost:3001/v1 API_KEY=sk_… PORT=3002 node server.ts`. It listens on
 * loopback only, because its login believes anybody. A parent process is told `{ url }`, and this ends when it does.
 */
const main = async (): Promise<void> => {
  const stop = stopSignal();
  const gateway: Gateway = { ...readAddress(), stopped: stop };
  let ready = false;
  const server = await createDemoServer({ gateway, isReady: () => ready });

  server.listen(Number(process.env["PORT"] ?? 3002), process.env["HOST"] ?? "127.0.0.1");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  process.send?.({ url });
  try {
    ready = await createDemoData(gateway);
    if (ready) console.log(`Two people, one chat: ${url}`);
    if (!stop.aborted) await once(stop, "abort");
  } finally {
    await close(server);
  }
};

const readAddress = (): Pick<Gateway, "apiUrl" | "apiKey"> => {
  const { API_URL: apiUrl = "http://localhost:3001/v1", API_KEY: apiKey } = process.env;
  if (!apiKey) throw new Error("unable to start; API_KEY must be the tenant's key, as in API_KEY=sk_… node server.ts");
  if (!URL.canParse(apiUrl)) throw new Error(`unable to start; API_URL must be a URL, and ${apiUrl} is none`);
  return { apiUrl: apiUrl.replace(/\/$/, ""), apiKey };
};

/** Aborts at SIGTERM, SIGINT, or when the parent that started us is gone. */
const stopSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.once(event, stop);
  return controller.signal;
};

/** Waits for the gateway as long as it takes. Answers false if told to stop before the data was there. */
const createDemoData = async (gateway: Gateway): Promise<boolean> => {
  const { apiUrl, stopped } = gateway;
  for (let attempt = 0; !stopped.aborted; attempt += 1) {
    try {
      await ensureDemoData(gateway);
      return true;
    } catch (error) {
      if (error instanceof GatewayRefusal) throw error;
      if (stopped.aborted) break;
      if (attempt === 0) console.log(`Waiting for the gateway at ${apiUrl}: ${reasonOf(error)}`);
      await delay(retryDelayMs, undefined, { signal: stopped }).catch(() => undefined);
    }
  }
  return false;
};

const retryDelayMs = 500;

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
