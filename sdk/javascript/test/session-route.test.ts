import { once } from "node:events";
import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sessionRoute } from "../src/session-route.ts";
import { Sendsar } from "../src/sendsar.ts";
import { failureOf } from "./failure-of.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

/** The app's own backend. */
const backend = {
  answer: { status: 200, body: "{}" },
  heard: [] as IncomingMessage[],
};
const server = createServer((request, response) => {
  backend.heard.push(request);
  response.writeHead(backend.answer.status, { "content-type": "application/json" }).end(backend.answer.body);
});
let url: string;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/session`;
});
afterAll(() => server.close());

test("connects with the session of the app's own route", async () => {
  const session = {
    token: "ann",
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    apiUrl: given.gateway.apiUrl,
    chatUserId: "ann",
    displayName: "Ann",
  };
  backend.answer = { status: 200, body: JSON.stringify(session) };
  const chat = given.track(Sendsar.init({ getSession: sessionRoute(url, { headers: { "x-csrf": "1" } }) }));
  await chat.connect();
  expect(chat.userId).toBe("ann");
  expect(backend.heard.at(-1)?.headers["x-csrf"]).toBe("1");
});

test.for([
  [401, '{"error":"Sign in first"}', "Sign in first"],
  [403, '{"message":"Not for you"}', "Not for you"],
  [503, '{"error":"","message":"Back soon"}', "Back soon"],
  [502, "<html>", "Bad Gateway"],
] as const)("an answer with %s rejects with its status and reason", async ([status, body, reason]) => {
  backend.answer = { status, body };
  expect(await failureOf(sessionRoute(url)())).toMatchObject({
    code: "session_unavailable",
    status,
    reason,
    message: `Sendsar session failed: ${status}: ${reason}`,
  });
});

test("an answer that is no JSON is no session", async () => {
  backend.answer = { status: 200, body: "<html>sign in</html>" };
  expect(await failureOf(sessionRoute(url)())).toMatchObject({ code: "invalid_answer" });
});

test("a backend that is not there is a network that may come back", async () => {
  expect(await failureOf(sessionRoute("http://127.0.0.1:9/session")())).toMatchObject({ code: "network" });
});

test("who may not chat is told so at once, and nothing is tried again", async () => {
  backend.answer = { status: 403, body: '{"error":"Not for you"}' };
  const before = backend.heard.length;
  const chat = given.track(Sendsar.init({ getSession: sessionRoute(url) }));
  expect(await failureOf(chat.connect())).toMatchObject({ reason: "Not for you", status: 403 });
  expect(backend.heard.length).toBe(before + 1);
});
