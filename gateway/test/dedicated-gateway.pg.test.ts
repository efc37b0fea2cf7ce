import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { connectTestSocket, createTestClient, createUserClient, refusedSocket } from "../../scripts/testing/client.ts";
import type { TestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import {
  createTestBoundLogin,
  startDedicatedGateway,
  toDedicatedConfig,
} from "../../scripts/testing/dedicated-gateway.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { withoutRequestId } from "../../scripts/testing/refusals.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { mintToken } from "../../scripts/testing/seed-room.ts";
import { readTenantRows } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import { filePart, uploadFile } from "../../scripts/testing/upload-file.ts";
import { createApiKey } from "../src/auth/api-key.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { channelOf, channelPrefixOf } from "../src/realtime/cluster/adapter.ts";
import { startRoomClearing } from "../src/chat/room-clearing.ts";
import { openDb } from "../src/store/db.ts";
import { readNews } from "../src/store/log.ts";

// Two gateways of tenant a alone, beside one of all tenants, on one database.

let shared: TestGateway;
let login: TestBoundLogin;
let one: AnotherGateway;
let two: AnotherGateway;
const parts = new AsyncDisposableStack();
beforeAll(async () => {
  shared = parts.use(await startTestGateway());
  login = parts.use(await createTestBoundLogin(shared, "a"));
  one = parts.use(await startDedicatedGateway(shared, login, { files: filesAt() }));
  two = parts.use(await startDedicatedGateway(shared, login, { files: filesAt() }));
  for (const tenant of [shared.a, shared.b]) {
    for (const id of ["ann", "bo"]) await tenant.api.post("/users", { id, username: id });
  }
});
afterAll(() => parts.disposeAsync());

const filesAt = () => ({ kind: "disk", publicUrl: shared.url, dir: shared.filesDir }) as const;
const apiOf = ({ url }: AnotherGateway, { apiKey }: { readonly apiKey: string } = shared.a) =>
  createTestClient(url, { "x-api-key": apiKey });
const text = (value: string) => ({ parts: [{ type: "text", text: value }] });

describe("design §6: its tenant is served as by any other gateway", () => {
  test("REST and sockets, over two of them: messages, typing and presence cross, and what another gateway wrote is there", async () => {
    const room = (await apiOf(one).post("/chat/rooms", { name: "R", participants: [{ id: "ann" }, { id: "bo" }] }))
      .body;
    const [ann, bo] = [await mintToken(apiOf(one), "ann"), await mintToken(shared.a.api, "bo")];
    using here = await connectTestSocket(one.url, ann);
    using there = await connectTestSocket(two.url, bo);
    await here.next("tenant-presence", ({ userId, online }) => userId === "bo" && online);
    const sent = await createUserClient(one.url, ann).post(`/chat/rooms/${room.id}/messages`, text("hello"));
    expect(sent.status).toBe(201);
    await there.next("new-message", ({ id }) => id === sent.body.id);
    there.socket.emit("typing", { roomId: room.id, isTyping: true });
    await here.next("typing", ({ userId }) => userId === "bo");
    // Of what another gateway commits no notification comes: the log tells.
    const elsewhere = await createUserClient(shared.url, bo).post(`/chat/rooms/${room.id}/messages`, text("from afar"));
    await here.next("new-message", ({ id }) => id === elsewhere.body.id);
    const page = await createUserClient(two.url, ann).get(`/chat/rooms/${room.id}/messages`);
    expect(page.body.messages.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([sent.body.id, elsewhere.body.id]),
    );
  });

  test("a room is deleted, a file served, a cursor followed and a push credential kept, wherever it was made", async () => {
    const uploadId = await uploadFile(apiOf(one), sampleFiles.png);
    const room = (await apiOf(one).post("/chat/rooms", { name: "F", participants: [{ id: "ann" }] })).body;
    const sent = await apiOf(two).post(`/chat/rooms/${room.id}/messages`, {
      senderId: "ann",
      parts: [filePart(uploadId, sampleFiles.png)],
    });
    const { pathname } = new URL(sent.body.parts[0].url);
    for (const { url } of [one, shared]) expect((await fetch(`${url}${pathname}`)).status).toBe(200);
    const { nextCursor } = (await apiOf(one).get("/users?limit=1")).body;
    for (const api of [apiOf(two), shared.a.api]) {
      expect((await api.get(`/users?limit=1&cursor=${encodeURIComponent(nextCursor)}`)).status).toBe(200);
    }
    expect((await apiOf(one).post("/tenant-apps", { appCode: "x", pushyConfig: { apiKey: "k" } })).status).toBe(201);
    expect((await apiOf(one).call("DELETE", `/chat/rooms/${room.id}`)).status).toBe(200);
  });

  test("a revocation cuts its sockets", async () => {
    const token = await mintToken(shared.a.api, "bo");
    using socket = await connectTestSocket(one.url, token);
    await shared.a.api.post("/auth/revoke-sessions", { userId: "bo" });
    await vi.waitFor(() => expect(socket.socket.connected).toBe(false), 5000);
    expect(socket.of("error")).toMatchObject([{ code: "sessions_revoked" }]);
  });
});

describe("A23 another tenant's credentials", () => {
  test("A23 a good key of another tenant is answered as one that nobody has, byte for byte", async () => {
    const unknown = await apiOf(one, { apiKey: createApiKey() }).get("/users");
    const foreign = await apiOf(one, shared.b).get("/users");
    expect(unknown.status).toBe(401);
    expect(withoutRequestId(foreign)).toEqual(withoutRequestId(unknown));
    const headersOf = ({ headers }: typeof foreign) =>
      [...headers].filter(([name]) => !["x-request-id", "date"].includes(name));
    expect(headersOf(foreign)).toEqual(headersOf(unknown));
    expect((await apiOf(one).get("/users")).status).toBe(200);
    expect((await shared.b.api.get("/users")).status).toBe(200);
  });

  test("A23 a good session of another tenant opens neither REST nor a socket", async () => {
    const token = await mintToken(shared.b.api, "ann");
    const own = await mintToken(shared.a.api, "ann");
    const tampered = `${own.slice(0, -4)}AAAA`;
    const [foreign, wrong] = [
      await createUserClient(one.url, token).get("/chat/rooms"),
      await createUserClient(one.url, tampered).get("/chat/rooms"),
    ];
    expect(foreign.status).toBe(401);
    expect(withoutRequestId(foreign)).toEqual(withoutRequestId(wrong));
    expect(await refusedSocket(one.url, token)).toEqual(await refusedSocket(one.url, tampered));
    expect((await createUserClient(shared.url, token).get("/chat/rooms")).status).toBe(200);
  });

  test("A23 a link to another tenant's file leads nowhere", async () => {
    const uploadId = await uploadFile(shared.b.api, sampleFiles.png);
    const room = (await shared.b.api.post("/chat/rooms", { name: "F", participants: [{ id: "ann" }] })).body;
    const sent = await shared.b.api.post(`/chat/rooms/${room.id}/messages`, {
      senderId: "ann",
      parts: [filePart(uploadId, sampleFiles.png)],
    });
    const { pathname } = new URL(sent.body.parts[0].url);
    expect((await fetch(`${shared.url}${pathname}`)).status).toBe(200);
    expect((await fetch(`${one.url}${pathname}`)).status).toBe(404);
  });
});

describe("J11 what it does by itself", () => {
  const openAs = (onlyTenantId: string | undefined, databaseUrl: string) =>
    openDb({ databaseUrl, poolMax: 2, onlyTenantId, onConnectionError: () => undefined });

  test("J11 it hears of its tenant's events and revocations only", async () => {
    await using mine = openAs("a", login.databaseUrl);
    await using everyones = openAs(undefined, shared.database.gatewayUrl);
    const since = [await readNews(mine, undefined), await readNews(everyones, undefined)].map(({ cursor }) => cursor);
    for (const tenant of [shared.a, shared.b]) {
      await tenant.api.post("/chat/rooms", { name: "News", participants: [{ id: "ann" }] });
      await tenant.api.post("/auth/revoke-sessions", { userId: "ann" });
    }
    const [ofMine, ofAll] = [await readNews(mine, since[0]), await readNews(everyones, since[1])];
    const tenantsOf = (news: typeof ofMine) =>
      [news.rooms, news.changes, news.revocations].map((list) => new Set(list.map(({ tenantId }) => tenantId)));
    expect(tenantsOf(ofMine)).toEqual([new Set(["a"]), new Set(["a"]), new Set(["a"])]);
    for (const found of tenantsOf(ofAll)) expect(found).toEqual(new Set(["a", "b"]));
  });

  test("J11 it clears its tenant's deleted rooms only", async () => {
    for (const tenant of [shared.a, shared.b]) {
      const { id } = (await tenant.api.post("/chat/rooms", { name: "D", participants: [{ id: "ann" }] })).body;
      await tenant.api.call("DELETE", `/chat/rooms/${id}`);
      await runOn(
        shared.database.adminUrl,
        `insert into sendsar.rooms_to_clear (tenant_id, room_id) values ('${tenant.tenantId}', '${id}')`,
      );
    }
    await using db = openAs("a", login.databaseUrl);
    const timers = createTestTimers();
    const errors: unknown[] = [];
    const clearing = startRoomClearing({ db, timers, onError: (error) => errors.push(error) });
    timers.advance(60_000);
    const left = async (tenantId: string) =>
      (await readTenantRows(shared.database.adminUrl, tenantId))["rooms_to_clear"]?.length;
    await vi.waitFor(async () => expect(await left("a")).toBe(0), 5000);
    await clearing.stop();
    expect(errors).toEqual([]);
    expect(await left("b")).toBe(1);
  });
});

test("J16 who takes it over hears nothing of what gateways of others tell each other, and reaches none (E16)", async () => {
  const listen = async (databaseUrl: string, ...channels: string[]) => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const heard: string[] = [];
    client.on("notification", ({ payload = "" }) => heard.push(payload));
    for (const channel of channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    return { client, heard };
  };
  const { keys } = toDedicatedConfig(shared, login);
  const [own, everyones] = [keys, { kind: "master", masterKey: shared.masterKey } as const].map((given) =>
    channelOf(channelPrefixOf(createKeyRing(given))),
  ) as [string, string];
  const control = await listen(shared.database.gatewayUrl, everyones);
  const taken = await listen(login.databaseUrl, own, "sendsar#/", "socket.io#/", "sendsar:#/", "*");
  // Somebody else has to be there, or nothing is told.
  await using _peer = await shared.startPeer();
  const room = (await shared.b.api.post("/chat/rooms", { name: "R", participants: [{ id: "ann" }] })).body;
  await vi.waitFor(async () => {
    await shared.b.api.post(`/chat/rooms/${room.id}/messages`, { senderId: "ann", ...text("secret of b") });
    expect(control.heard.join()).toContain("secret of b");
  }, 5000);
  // Its own gateways it does hear, so it would have heard the others.
  const ofA = (await apiOf(one).post("/chat/rooms", { name: "R", participants: [{ id: "ann" }] })).body;
  await apiOf(one).post(`/chat/rooms/${ofA.id}/messages`, { senderId: "ann", ...text("of a") });
  await vi.waitFor(() => expect(taken.heard.join()).toContain("of a"), 5000);
  expect(taken.heard.join()).not.toContain("secret of b");
  expect(taken.heard.join()).not.toContain(room.id);
  expect(control.heard.join()).not.toContain('of a"');
  const { rows } = await taken.client.query("select pg_listening_channels() as channel");
  expect(rows.map(({ channel }) => channel)).not.toContain(everyones);
  await Promise.all([control.client.end(), taken.client.end()]);
});
