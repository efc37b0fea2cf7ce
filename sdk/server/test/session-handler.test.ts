import { once } from "node:events";
import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { SessionRouteOptions } from "../src/chat-session.ts";
import { createNodeSessionHandler, createSessionHandler } from "../src/session-handler.ts";
import { type ApiDouble, type Behaviour, answering, cutting, refusing, startApiDouble } from "./api-double.ts";
import { canaryKey, createTestSendsar } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

const chat = { deletedMessageDisplay: "placeholder", deletedMessagePlaceholder: "Gone" };
const token = { token: "eyJ", expiresAt: "2026-11-22T10:00:00.000Z", userId: "ann" };

/** Answers as a gateway does; `token` can be told to do otherwise. */
const gateway =
  (tokenBehaviour: Behaviour = answering(200, token)): Behaviour =>
  (response, request) => {
    const isToken = request.path === "/auth/token";
    (isToken ? tokenBehaviour : answering(200, { chat, calls: {} }))(response, request);
  };

let errors: unknown[];
beforeEach(() => {
  errors = [];
  api.plan(gateway());
});

const create = (options: Partial<SessionRouteOptions<Request>> = {}) =>
  createSessionHandler({
    sendsar: createTestSendsar(api.apiUrl).sendsar,
    authenticate: (request) => (request.headers.get("cookie") === "ann" ? { id: "ann", name: "Ann" } : undefined),
    onError: (error) => errors.push(error),
    ...options,
  });

const post = (cookie = "ann", method = "POST"): Request =>
  new Request("https://shop.example/api/chat/session", { method, headers: { cookie } });

const tokenCalls = (): string[] => api.requests.filter(({ path }) => path === "/auth/token").map(({ body }) => body);

describe("2.4 the session route", () => {
  test("answers all that a client needs, and nothing may keep it", async () => {
    const response = await create()(post());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      token: "eyJ",
      expiresAt: token.expiresAt,
      apiUrl: api.apiUrl,
      chatUserId: "ann",
      displayName: "Ann",
      chatSettings: chat,
    });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/json");
  });

  test("takes the address for browsers, the length of a session, and who is impersonated", async () => {
    const handler = create({
      publicApiUrl: "https://chat.example/v1",
      expiresIn: 7200,
      authenticate: async () => ({ id: "ann", name: "Ann", impersonating: true }),
    });
    expect(await (await handler(post())).json()).toMatchObject({
      apiUrl: "https://chat.example/v1",
      impersonating: true,
    });
    expect(tokenCalls()).toEqual(['{"userId":"ann","expiresIn":7200}']);
  });

  test.each([undefined, null])(
    "answers 401 when nobody is logged in (%s), and asks the gateway nothing",
    async (nobody) => {
      const response = await create({ authenticate: () => nobody })(post("bo"));
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 401,
        body: { error: "Log in to chat" },
      });
      expect({ requests: api.requests, errors }).toEqual({ requests: [], errors: [] });
    },
  );

  test.each([
    ["503 when the gateway cuts", cutting, 503, "network"],
    ["503 when it is shutting down", refusing(503, "shutting_down"), 503, "shutting_down"],
    ["503 when it has had enough", refusing(429, "rate_limited", { "retry-after": "60" }), 503, "rate_limited"],
    ["503 when a proxy stands in for it", answering(502, "<html>"), 503, "http_502"],
    ["503 when it fails", refusing(500, "internal"), 503, "internal"],
    ["403 for a user who is locked out", refusing(403, "user_deactivated"), 403, "user_deactivated"],
    ["500 when the API key is wrong, never 401", refusing(401, "unauthorized"), 500, "unauthorized"],
    ["500 when the user was never created", refusing(404, "user_not_found"), 500, "user_not_found"],
  ])("answers %s", async (_, behaviour, status, code) => {
    api.plan(gateway(behaviour));
    const response = await create()(post());
    const body = (await response.json()) as { error: string };
    expect({ status: response.status, fields: Object.keys(body) }).toEqual({ status, fields: ["error"] });
    expect(errors).toMatchObject([{ name: "SendsarError", code }]);
    expect(body.error).not.toContain(canaryKey);
  });

  test("answers 503 when the server is told to stop", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl, { signal: AbortSignal.abort() });
    expect((await create({ sendsar })(post())).status).toBe(503);
  });

  test("answers 500 when the login fails, and tells the app, not the user", async () => {
    const bug = new Error("the login's database password is hunter2");
    const response = await create({
      authenticate: () => {
        throw bug;
      },
    })(post());
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 500,
      body: { error: "Chat does not work right now" },
    });
    expect(errors).toEqual([bug]);
  });

  test.each(["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])("answers %s with 405", async (method) => {
    const response = await create()(post("ann", method));
    expect({ status: response.status, allow: response.headers.get("allow") }).toEqual({
      status: 405,
      allow: "GET, POST",
    });
    expect(api.requests).toEqual([]);
  });

  test("creates whoever logs in, if asked to", async () => {
    let isThere = false;
    api.plan((response, request) => {
      if (request.path === "/users") isThere = true;
      const found = isThere ? answering(200, token) : refusing(404, "user_not_found");
      (request.path === "/users" ? answering(201, {}) : gateway(found))(response, request);
    });
    expect((await create({ createMissingUsers: true })(post())).status).toBe(200);
    const created = api.requests.filter(({ path }) => path === "/users");
    expect(created.map(({ body }) => body)).toEqual(['{"id":"ann","username":"Ann"}']);
  });

  test.each([true, false])(
    "answers 403 for a user who is deactivated, for whom the gateway has no token (createMissingUsers %s)",
    async (createMissingUsers) => {
      const user = { id: "ann", deactivatedAt: "2026-11-22T09:00:00.000Z" };
      api.plan((response, request) => {
        const isUser = request.path.startsWith("/users");
        (isUser ? answering(200, user) : gateway(refusing(404, "user_not_found")))(response, request);
      });
      expect((await create({ createMissingUsers })(post())).status).toBe(403);
      expect({ errors, tokens: tokenCalls().length }).toMatchObject({
        errors: [{ code: "user_deactivated", status: 403 }],
        tokens: 1,
      });
    },
  );

  test("refuses sessions so short that clients renew them without end", () => {
    expect(() => create({ expiresIn: 300 })).toThrow("expiresIn must be 600 or more");
    expect(() => create({ expiresIn: Number.NaN })).toThrow("expiresIn must be 600 or more");
  });
});

describe("settings", () => {
  const settingsCalls = (): number => api.requests.filter(({ path }) => path === "/tenant/settings").length;

  test("are read once for many who log in at the same time, and kept for a while", async () => {
    const handler = create();
    const answers = await Promise.all(Array.from({ length: 20 }, () => handler(post())));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await handler(post());
    expect({ settings: settingsCalls(), tokens: tokenCalls().length }).toEqual({ settings: 1, tokens: 21 });
  });

  test("are read again when they are old, and older ones do when that fails", async () => {
    const handler = create({ settingsMsMax: 0 });
    await handler(post());
    api.plan((response, request) => {
      (request.path === "/tenant/settings" ? refusing(503, "overloaded") : gateway())(response, request);
    });
    const response = await handler(post());
    expect(await response.json()).toMatchObject({ chatSettings: chat });
    expect(settingsCalls()).toBe(2);
  });

  test("that could never be read are a gateway that is away, and are asked for again", async () => {
    const handler = create();
    api.plan(refusing(503, "overloaded"));
    expect((await handler(post())).status).toBe(503);
    api.plan(gateway());
    expect((await handler(post())).status).toBe(200);
  });
});

test("the handler for Node serves the same through a real server, and gives the login its own request", async () => {
  interface WithUser extends IncomingMessage {
    user?: { id: string; name: string };
  }
  const handler = createNodeSessionHandler({
    sendsar: createTestSendsar(api.apiUrl).sendsar,
    authenticate: ({ user }: WithUser) => user,
    onError: (error) => errors.push(error),
  });
  const server = createServer((request: WithUser, response) => {
    if (request.headers.cookie === "ann") request.user = { id: "ann", name: "Ann" };
    void handler(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/chat/session`;
    const session = await fetch(url, { method: "POST", headers: { cookie: "ann" } });
    expect(session.headers.get("cache-control")).toBe("no-store");
    expect(await session.json()).toMatchObject({ token: "eyJ", chatUserId: "ann", displayName: "Ann" });
    expect((await fetch(url, { method: "POST" })).status).toBe(401);
    expect((await fetch(url, { headers: { cookie: "ann" } })).status).toBe(200);
    expect((await fetch(url, { method: "DELETE" })).headers.get("allow")).toBe("GET, POST");
    api.plan(cutting);
    expect((await fetch(url, { method: "POST", headers: { cookie: "ann" } })).status).toBe(503);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
