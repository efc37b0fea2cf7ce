import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PostgresTap } from "../../scripts/testing/postgres-tap.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import { databaseRefusal } from "../../scripts/testing/tenant-context.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { uploadFile } from "../../scripts/testing/upload-file.ts";

// Threats to the database that gateways share: names planted in it, work in the background, and who hears its channels.

let database: TestDatabase;
let tap: PostgresTap;
let gateway: TestGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  tap = await tapPostgres(database.gatewayUrl);
  gateway = await startTestGateway({ database: { ...database, gatewayUrl: tap.url } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await tap[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

describe("J08 objects of the same name in another schema", () => {
  test("J08 a gateway's login can make none: not in public, not beside the tables", async () => {
    const client = new pg.Client({ connectionString: database.gatewayUrl });
    await client.connect();
    try {
      for (const statement of [
        "create table public.rooms (id int)",
        "create function public.lower(text) returns text language sql return 'planted'",
        "create table sendsar.planted (id int)",
        "create view sendsar.planted as select 1",
        "create schema planted",
        "create extension pgcrypto",
      ]) {
        expect([statement, (await databaseRefusal(client.query(statement))).code]).toEqual([statement, "42501"]);
      }
    } finally {
      await client.end();
    }
  });

  test("J08 those that somebody else has made in public have no effect", async () => {
    await runOn(
      database.adminUrl,
      "create table public.rooms (like sendsar.rooms)",
      "create table public.messages (like sendsar.messages)",
      "create function public.set_config(text, text, boolean) returns text language sql return 'planted'",
    );
    const ann = await createTestUser(gateway, gateway.a);
    const room = await createTestRoom(gateway.a, [ann]);
    const sent = await ann.send(room.id, "hello");
    expect((await ann.client.get(`/chat/rooms/${room.id}/messages`)).body.messages).toEqual([sent.body]);
    const [planted] = await runOn(
      database.adminUrl,
      "select (select count(*) from public.rooms)::int as rooms, (select count(*) from public.messages)::int as messages",
    );
    expect(planted).toEqual({ rooms: 0, messages: 0 });
    expect(loggedFailures(gateway)).toEqual([]);
  });
});

test("J11 work in the background for one tenant leaves the other's rows, of the same names, alone", async () => {
  const { roomId } = await seedRoom(gateway.b.api, { people: ["to-go", "bo"], externalId: "room-to-go" });
  await uploadFile(gateway.b.api, sampleFiles.png, { userId: "to-go" });
  await requireUnchanged(database.adminUrl, ["b"], async () => {
    const leaving = await createTestUser(gateway, gateway.a, "to-go");
    const room = await createTestRoom(gateway.a, [leaving], { externalId: "room-to-go" });
    for (let n = 0; n < 20; n++) await leaving.send(room.id, `message ${n}`);
    await gateway.a.api.call("DELETE", `/chat/rooms/${room.id}`);
    await gateway.a.api.call("DELETE", "/users/to-go");
    const left = () =>
      runOn(
        database.adminUrl,
        `select message_id from sendsar.messages where tenant_id = 'a' and room_id = '${room.id}'`,
      );
    await vi.waitFor(async () => expect(await left()).toEqual([]), 20_000);
  });
  expect((await gateway.b.api.get(`/chat/rooms/${roomId}`)).status).toBe(200);
});

test("C28 deployments on one database hear each other only when they share their master key", async () => {
  const channelsSince = (from: number): Set<string> =>
    new Set(
      tap.statements
        .slice(from)
        .flatMap(({ text }) => [...text.matchAll(/^listen\s+"?([^";]+)/gi)].flatMap(([, name]) => name ?? [])),
    );
  const listenedBy = async (masterKey: string): Promise<Set<string>> => {
    const from = tap.statements.length;
    await using _one = await startAnotherGateway({ database: { ...database, gatewayUrl: tap.url }, masterKey });
    return await vi.waitFor(() => {
      const channels = channelsSince(from);
      expect(channels.size).toBeGreaterThan(0);
      return channels;
    }, 5000);
  };
  const [own, again, other] = [
    await listenedBy(gateway.masterKey),
    await listenedBy(gateway.masterKey),
    await listenedBy(randomBytes(32).toString("base64")),
  ];
  const shared = [...own].filter((channel) => again.has(channel));
  expect(shared.length).toBeGreaterThan(0);
  expect([...own].filter((channel) => other.has(channel))).toEqual([]);
  for (const channel of shared) expect(channel).toMatch(/[0-9a-f]{32}/);
});
