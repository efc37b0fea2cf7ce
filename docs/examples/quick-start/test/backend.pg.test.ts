import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../../scripts/process/wait.ts";
import { createUserClient } from "../../../../scripts/testing/client.ts";
import { startTestGateway } from "../../../../scripts/testing/gateway.ts";
import type { TestGateway } from "../../../../scripts/testing/gateway.ts";
import { ensureTestSdk } from "../../../../scripts/testing/sdk.ts";
import { startDemoProcess } from "./demo-process.ts";
import type { DemoProcess } from "./demo-process.ts";

let gateway: TestGateway;

beforeAll(async () => {
  await ensureTestSdk();
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const startDemo = (apiKey = gateway.a.apiKey): DemoProcess =>
  startDemoProcess({ API_URL: `${gateway.url}/v1/`, API_KEY: apiKey, PORT: "0" });

const untilReady = async (demo: DemoProcess): Promise<string> => {
  const url = await demo.url;
  const isReady = await waitUntil(async () => (await fetch(`${url}/healthz`)).ok, { limitMs: 10_000 });
  expect(isReady, demo.output()).toBe(true);
  return url;
};

const openSession = (url: string, user: string): Promise<Response> =>
  fetch(`${url}/api/chat/session`, { method: "POST", headers: { "x-demo-user": user } });

test("two demos that start at the same time, and one after them, make one set of rooms and messages", async () => {
  await using first = startDemo();
  await using second = startDemo();
  await Promise.all([untilReady(first), untilReady(second)]);
  await using third = startDemo();
  await untilReady(third);

  const { body } = await gateway.a.api.get("/chat/rooms");
  const rooms = body.rooms.toSorted((a: Room, b: Room) => a.externalId.localeCompare(b.externalId));
  expect(rooms.map(({ externalId, name, kind }: Room) => ({ externalId, name, kind }))).toEqual([
    { externalId: "demo:team-lunch", name: "Team lunch", kind: "group" },
    { externalId: "demo:weekend-hike", name: "Weekend hike", kind: "group" },
    { externalId: "dm:ann:bo", name: null, kind: "direct" },
  ]);
  const counts = [];
  for (const { id } of rooms) counts.push((await gateway.a.api.get(`/chat/rooms/${id}/messages`)).body.messages.length);
  expect(counts).toEqual([5, 0, 3]);
});

test("the session is one of the user who is logged in, and works at the address it names", async () => {
  await using demo = startDemo();
  const url = await untilReady(demo);
  const answer = await openSession(url, "bo");
  expect(answer.status).toBe(200);
  const session = (await answer.json()) as Record<string, string>;
  expect(session).toEqual({
    token: expect.any(String),
    expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    apiUrl: `${gateway.url}/v1`,
    chatUserId: "bo",
    displayName: "Bo Tanaka",
    chatSettings: expect.objectContaining({
      deletedMessageDisplay: "placeholder",
      deletedMessagePlaceholder: "This message was deleted",
    }),
  });
  expect(JSON.stringify(session)).not.toContain(gateway.a.apiKey);
  const rooms = await createUserClient(gateway.url, session["token"] ?? "").get("/chat/rooms");
  expect(rooms.body.rooms.length).toBe(3);
});

test("a wrong API key ends the demo with the gateway's reason", async () => {
  await using demo = startDemo(`${gateway.a.apiKey}x`);
  expect(await demo.ended).toBe(1);
  expect(demo.output()).toMatch(/^unable to call POST \/users; 401 unauthorized: .*\n$/);
});

interface Room {
  readonly id: string;
  readonly externalId: string;
  readonly name: string | null;
  readonly kind: string;
}
