import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { freePort } from "../../../../scripts/process/ports.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { startDemoProcess } from "./demo-process.ts";

const stopMsMax = 1000;

beforeAll(ensureTestSdk);

const startAlone = async () =>
  startDemoProcess({ API_URL: `http://127.0.0.1:${await freePort()}/v1`, API_KEY: "sk_test", PORT: "0" });

test.each(["SIGTERM", "SIGINT", "disconnect"] as const)(
  "%s ends it within a second, kept connections and all",
  async (how) => {
    await using demo = await startAlone();
    const { hostname, port } = new URL(await demo.url);
    const held = connect(Number(port), hostname);
    held.on("error", () => undefined);
    held.write("GET /healthz HTTP/1.1\r\nhost: demo\r\n\r\n");
    await once(held, "data");
    // The start of a request whose rest never comes.
    held.write("GET /healthz HTTP/1.1\r\n");

    const toldAt = performance.now();
    if (how === "disconnect") demo.child.disconnect();
    else demo.child.kill(how);
    expect(await demo.ended).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(stopMsMax);
  },
);

test("it ends within a second too while the gateway takes calls and never answers", async () => {
  let calls = 0;
  const gatewayDouble = createServer(() => (calls += 1)).listen(0, "127.0.0.1");
  await once(gatewayDouble, "listening");
  const { port } = gatewayDouble.address() as AddressInfo;
  await using demo = startDemoProcess({ API_URL: `http://127.0.0.1:${port}/v1`, API_KEY: "sk_test", PORT: "0" });
  const asked = fetch(`${await demo.url}/api/chat/session`, { method: "POST", headers: { "x-demo-user": "ann" } });
  // Three users to create, and the two calls of the session.
  await expect.poll(() => calls).toBe(5);

  const toldAt = performance.now();
  demo.child.kill("SIGTERM");
  expect((await asked).status).toBe(503);
  expect(await demo.ended).toBe(0);
  expect(performance.now() - toldAt).toBeLessThan(stopMsMax);
  gatewayDouble.closeAllConnections();
  gatewayDouble.close();
});

test("it serves the page while it waits for the gateway, and says that it waits", async () => {
  await using demo = await startAlone();
  const url = await demo.url;
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${url}/healthz`)).status).toBe(503);
  // It tries a few times first.
  await expect.poll(() => demo.output(), { timeout: 10_000 }).not.toBe("");
  demo.child.kill("SIGTERM");
  expect(await demo.ended).toBe(0);
  expect(demo.output()).toMatch(/^Waiting for the gateway at http:\/\/127\.0\.0\.1:\d+\/v1: .*ECONNREFUSED.*\n$/);
});

test.each([
  [
    { API_URL: "http://127.0.0.1:1/v1" },
    "unable to start; API_KEY must be the tenant's key, as in API_KEY=sk_… node server.ts\n",
  ],
  [{ API_URL: "nonsense", API_KEY: "sk_test" }, "unable to start; API_URL must be a URL, and nonsense is none\n"],
])("with %o it ends with a sentence", async (env, sentence) => {
  await using demo = startDemoProcess(env);
  expect(await demo.ended).toBe(1);
  expect(demo.output()).toBe(sentence);
});
