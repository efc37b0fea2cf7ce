import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../../../scripts/process/ports.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { createSendsar } from "@sendsar/server-sdk";
import { createDemoServer } from "../demo-server.ts";
import { answerOf, ask, rawRequest } from "./raw-request.ts";

const apiKey = "sk_live_the_key_that_must_stay_in_the_server";
let gatewayIsReady = false;
let server: Server;
let url: string;

beforeAll(async () => {
  await ensureTestSdk();
  // Nothing listens there: the gateway is away.
  const apiUrl = `http://127.0.0.1:${await freePort()}/v1`;
  server = await createDemoServer({ sendsar: createSendsar({ apiUrl, apiKey }), isReady: () => gatewayIsReady });
  url = await listen(server);
});

afterAll(() => close(server));

describe("files", () => {
  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/chat.html?user=ann", "text/html; charset=utf-8"],
    ["/app.js", "text/javascript; charset=utf-8"],
    ["/style.css", "text/css; charset=utf-8"],
    ["/favicon.svg", "image/svg+xml"],
    ["/favicon.ico", "image/svg+xml"],
    ["/sdk/sendsar.mjs", "text/javascript; charset=utf-8"],
    ["/source/session-route.ts", "text/plain; charset=utf-8"],
  ])("%s is served as %s, with its guards", async (path, type) => {
    const { status, headers, body } = await ask(url, "GET", path);
    expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type });
    expect(body).not.toBe("");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test.each([
    "/../server.ts",
    "/..%2fserver.ts",
    "/%2e%2e/package.json",
    "/..\\server.ts",
    "/public/index.html",
    "/./app.js",
    "//app.js",
    "/app.js/",
    "/app.js%00.html",
    "/sdk/../../package.json",
    "/source/demo-data.ts",
    "//etc/passwd",
    "/../../../../../../../../etc/passwd",
    "/constructor",
    "/__proto__",
    "http://elsewhere.example/app.js",
    "*",
  ])("%s is not served", async (path) => {
    const { status, body } = await ask(url, "GET", path);
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 404, body: { error: "Not found" } });
  });

  test("HEAD answers the headers alone; other methods are refused", async () => {
    expect(await ask(url, "HEAD", "/app.js")).toMatchObject({ status: 200, body: "" });
    expect(await ask(url, "DELETE", "/app.js")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  test("the only scripts that may run are our files and the one inside minimal.html", async () => {
    const scriptsOf = async (path: string): Promise<string | undefined> => {
      const { headers } = await ask(url, "GET", path);
      const policy = String(headers["content-security-policy"]).split("; ");
      return policy.find((rule) => rule.startsWith("script-src"));
    };
    expect(await scriptsOf("/")).toBe("script-src 'self'");
    expect(await scriptsOf("/chat.html")).toBe("script-src 'self'");
    const html = await readFile(new URL("../public/minimal.html", import.meta.url), "utf8");
    const script = html.slice(html.indexOf('<script type="module">') + 22, html.indexOf("</script>"));
    const hash = createHash("sha256").update(script).digest("base64");
    expect(await scriptsOf("/minimal.html")).toBe(`script-src 'self' 'sha256-${hash}'`);
  });

  test("the API key is in nothing that a browser can get", async () => {
    const names = await readdir(new URL("../public", import.meta.url));
    const paths = ["/", "/sdk/sendsar.mjs", "/source/session-route.ts", "/healthz", ...names.map((name) => `/${name}`)];
    const answers = await Promise.all(paths.map((path) => ask(url, "GET", path)));
    const session = await ask(url, "POST", "/api/chat/session", { "x-demo-user": "ann" });
    for (const answer of [...answers, session]) expect(JSON.stringify(answer)).not.toContain(apiKey);
  });
});

describe("POST /api/chat/session", () => {
  test.each([
    {},
    { "x-demo-user": "" },
    { "x-demo-user": "mallory" },
    { "x-demo-user": "ann, bo" },
    { "x-demo-user": "__proto__" },
  ])("%o is nobody who is logged in: 401", async (headers) => {
    const { status, body } = await ask(url, "POST", "/api/chat/session", headers);
    expect({ status, body: JSON.parse(body) }).toEqual({ status: 401, body: { error: "Log in to chat" } });
  });

  test("while the gateway is away it answers 503 with a sentence", async () => {
    const { status, headers, body } = await ask(url, "POST", "/api/chat/session", { "x-demo-user": "ann" });
    expect({ status, body: JSON.parse(body) }).toEqual({
      status: 503,
      body: { error: "Chat cannot be reached right now" },
    });
    expect(headers["cache-control"]).toBe("no-store");
  });

  test.each([
    [500, 503, "Chat cannot be reached right now"],
    [503, 503, "Chat cannot be reached right now"],
    [429, 503, "Chat cannot be reached right now"],
    [401, 500, "Chat does not work right now"],
    [404, 500, "Chat does not work right now"],
  ])("a gateway that answers %i makes it %i", async (gatewayStatus, status, error) => {
    const gatewayDouble = createServer((_request, response) => response.writeHead(gatewayStatus).end("{}"));
    const apiUrl = `${await listen(gatewayDouble)}/v1`;
    const behind = await createDemoServer({ sendsar: createSendsar({ apiUrl, apiKey }), isReady: () => true });
    const answer = await ask(await listen(behind), "POST", "/api/chat/session", { "x-demo-user": "ann" });
    await Promise.all([close(behind), close(gatewayDouble)]);
    expect(answer).toMatchObject({ status, body: JSON.stringify({ error }) });
  });

  test("only POST is answered", async () => {
    expect(await ask(url, "GET", "/api/chat/session")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  });
});

describe("bodies", () => {
  test("a small one is let through", async () => {
    const sent = rawRequest(url, "POST", "/api/chat/session", { "content-length": "2" }).end("{}");
    expect(await answerOf(sent)).toMatchObject({ status: 401 });
  });

  test("a large one is refused before it is read", async () => {
    const sent = rawRequest(url, "POST", "/api/chat/session", { "content-length": "4097" });
    sent.flushHeaders();
    expect(await answerOf(sent)).toMatchObject({ status: 413, headers: { connection: "close" } });
  });

  test("one that never ends is cut off", async () => {
    const sent = rawRequest(url, "POST", "/api/chat/session", { "transfer-encoding": "chunked" });
    sent.on("error", () => undefined);
    sent.write("x".repeat(1000));
    expect(await answerOf(sent)).toMatchObject({ status: 413 });
    sent.write("y".repeat(1000));
    if (!sent.closed) await once(sent, "close");
    expect(sent.closed).toBe(true);
  });
});

test("GET /healthz says whether the demo can be used", async () => {
  expect(await ask(url, "GET", "/healthz")).toMatchObject({ status: 503 });
  gatewayIsReady = true;
  expect(await ask(url, "GET", "/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}' });
});

const listen = async (listener: Server): Promise<string> => {
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
};

const close = async (listener: Server): Promise<void> => {
  const closed = once(listener, "close");
  listener.close();
  listener.closeAllConnections();
  await closed;
};
