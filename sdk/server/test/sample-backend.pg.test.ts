import { once } from "node:events";
import { type IncomingMessage, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTestSocket, createUserClient } from "../../../scripts/testing/client.ts";
import { Sendsar as ChatClient, sessionRoute } from "../../javascript/src/sendsar.ts";
import { type Sendsar, createNodeSessionHandler, createSessionHandler } from "../src/server-sdk.ts";
import { type ServerGateway, startServerGateway } from "./server-gateway.ts";

/** What the sample backends of the published kits do, with this SDK. */
let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway();
});
afterAll(() => server[Symbol.asyncDispose]());

const people = [
  { id: "usr_17", username: "Dara", appCode: "demo" },
  { id: "usr_18", username: "Bo", appCode: "demo" },
];

/** They list by externalId first, and create only if there is nothing. */
const ensureByListing = async ({ rooms }: Sendsar, externalId: string): Promise<string> => {
  const [found] = (await rooms.list({ externalId })).rooms;
  if (found !== undefined) return found.id;
  const participants = people.map(({ id, username, appCode }) => ({ id, username, appCode }));
  return (await rooms.create({ externalId, customType: "demo_dm", participants })).id;
};

test("3.1 every user has the appCode of an app that was never created", async () => {
  for (const person of people) expect(await server.sendsar.users.upsert(person)).toMatchObject(person);
});

test("12 the settings have chat with both strings", async () => {
  const { chat } = await server.sendsar.tenant.getSettings();
  expect([typeof chat.deletedMessageDisplay, typeof chat.deletedMessagePlaceholder]).toEqual(["string", "string"]);
});

test("2.4 the session opens REST and the socket as the user, and meets the other in the ensured room", async () => {
  const { sendsar } = server;
  const direct = await sendsar.rooms.ensureDirect("usr_17", "usr_18", { customType: "demo_dm" });
  expect(await ensureByListing(sendsar, "dm:usr_17:usr_18")).toBe(direct.id);
  const group = await sendsar.rooms.ensureGroup("demo:group", {
    name: "Team",
    participants: people,
    customType: "demo_group",
  });

  const authenticate = ({ headers }: Request) => people.find(({ id }) => id === headers.get("x-login"));
  const route = createSessionHandler({
    sendsar,
    authenticate: (request) => {
      const person = authenticate(request);
      return person && { id: person.id, name: person.username };
    },
  });
  const login = (id: string) =>
    route(new Request("http://shop/api/chat/session", { method: "POST", headers: { "x-login": id } }));
  const session = (await (await login("usr_18")).json()) as Record<string, string>;
  expect(session).toMatchObject({
    apiUrl: `${server.gateway.url}/v1`,
    chatUserId: "usr_18",
    displayName: "Bo",
    chatSettings: { deletedMessageDisplay: "placeholder", deletedMessagePlaceholder: "This message was deleted" },
  });
  // Enough that clients, which renew five minutes before the end, do not renew at once.
  expect(Date.parse(session["expiresAt"] ?? "") - Date.now()).toBeGreaterThan(600_000);
  expect((await login("nobody")).status).toBe(401);

  const rooms = await createUserClient(server.gateway.url, session["token"] ?? "").get("/chat/rooms");
  expect(rooms.body.rooms.map(({ id }: { id: string }) => id).toSorted()).toEqual([direct.id, group.id].toSorted());
  using socket = await connectTestSocket(server.gateway.url, session["token"]);
  const sent = await sendsar.messages.send(direct.id, { senderId: "usr_17", text: "Is it still hot?" });
  expect(await socket.next("new-message")).toMatchObject({ id: sent.id, senderId: "usr_17" });
});

test("2.4 the browser SDK gets its session from the route by itself, and hears what the backend sends", async () => {
  const { sendsar } = server;
  const room = await sendsar.rooms.ensureDirect("usr_17", "usr_18");
  const handler = createNodeSessionHandler({
    sendsar,
    authenticate: ({ headers }: IncomingMessage) =>
      headers["x-login"] === "usr_17" ? { id: "usr_17", name: "Dara" } : undefined,
  });
  const web = createServer((request, response) => void handler(request, response)).listen(0, "127.0.0.1");
  await once(web, "listening");
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/api/chat/session`;
  try {
    await using chat = ChatClient.init({ getSession: sessionRoute(url, { headers: { "x-login": "usr_17" } }) });
    const heard: string[] = [];
    chat.on("new-message", ({ id }) => heard.push(id));
    await chat.connect();
    const { id } = await sendsar.messages.send(room.id, { senderId: "usr_18", text: "Packed!" });
    await expect.poll(() => heard, { timeout: 5000 }).toContain(id);
    await using stranger = ChatClient.init({ getSession: sessionRoute(url) });
    await expect(stranger.connect()).rejects.toMatchObject({ code: "session_unavailable", status: 401 });
  } finally {
    web.closeAllConnections();
    web.close();
  }
});
