import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestClient, TestSocket, Wire } from "../../scripts/testing/client.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { PostgresTap } from "../../scripts/testing/postgres-tap.ts";
import { tapPostgres } from "../../scripts/testing/postgres-tap.ts";
import { expectNoInsides } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { readTenantRows } from "../../scripts/testing/tenant-rows.ts";
import type { TestUser } from "../../scripts/testing/test-user.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// Threats that are in what callers write: into filters and limits, into ids of their own choice, and into every text.

let database: TestDatabase;
let tap: PostgresTap;
let gateway: TestGateway;
let room: SeededRoom;
beforeAll(async () => {
  database = await createTestDatabase();
  tap = await tapPostgres(database.gatewayUrl);
  gateway = await startTestGateway({ database: { ...database, gatewayUrl: tap.url } });
  room = await seedRoom(gateway.a.api, { people: ["ann", "bo"], text: "the secret word", externalId: "secret:1" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await tap[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

describe("D09 filters", () => {
  test("D09 no filter finds a room that is not the caller's: not by its key, its type, a part of them or a wildcard", async () => {
    const outsiders: readonly TestUser[] = [
      await createTestUser(gateway, gateway.a),
      await createTestUser(gateway, gateway.b, "ann"),
    ];
    const clients: readonly TestClient[] = [...outsiders.map(({ client }) => client), gateway.b.api];
    const values = ["secret:1", "secret%", "%", "_", "*", ".*", "", " ", "' or '1'='1", "SECRET:1", room.roomId];
    for (const client of clients) {
      for (const name of ["externalId", "customTypesFilter", "q", "search"]) {
        for (const value of values) {
          const { status, body } = await client.get(`/chat/rooms?${name}=${encodeURIComponent(value)}`);
          if (status === 200) expect(body.rooms, `${name}=${value}`).toEqual([]);
          else expect([name, value, status]).toEqual([name, value, 400]);
        }
      }
    }
  });

  test("D09 a wildcard is a text: it finds what has it as its key and nothing else", async () => {
    const found = await gateway.a.api.get(`/chat/rooms?externalId=${encodeURIComponent("secret%")}`);
    expect(found.body.rooms).toEqual([]);
    const exact = await gateway.a.api.get("/chat/rooms?externalId=secret%3A1");
    expect(exact.body.rooms.map(({ id }: Wire) => id)).toEqual([room.roomId]);
  });

  test("D09 there is no search that could show more", async () => {
    const ann = createUserClient(gateway.url, await mintToken(gateway.a.api, "ann"));
    for (const client of [ann, gateway.a.api]) {
      for (const path of ["/chat/search?q=secret", `/chat/rooms/${room.roomId}/search?q=secret`]) {
        expect([path, (await client.get(path)).status]).toEqual([path, 404]);
      }
    }
  });
});

describe("D22 limits of pages", () => {
  const odd = ["-1", "0", "1.5", "1e9", "NaN", "", "[]", "5 OR 1=1", "9".repeat(400), "0x10", "null", "١"];
  test.each(["/users", "/chat/rooms", "messages", "pinned-messages"])("D22 %s: 400 or capped", async (list) => {
    const path = list.startsWith("/") ? list : `/chat/rooms/${room.roomId}/${list}`;
    for (const value of odd) {
      const { status, body } = await gateway.a.api.get(`${path}?limit=${encodeURIComponent(value)}`);
      expect([value, status]).toEqual([value, expect.toSatisfy((code) => code === 200 || code === 400)]);
      expectNoInsides(JSON.stringify(body));
      const entries = body.messages ?? body.rooms ?? body.users ?? [];
      expect(entries.length).toBeLessThanOrEqual(100);
    }
  });

  test("D22 a place in the future, or of nobody, is refused", async () => {
    for (const query of ["cursor=MjA5OS0wMS0wMVQwMDowMDowMC4wMDBa", "around=x", "cursor=0", "cursor[]=a"]) {
      const { status } = await gateway.a.api.get(`/chat/rooms/${room.roomId}/messages?${query}`);
      expect([query, status]).toEqual([query, expect.toSatisfy((code) => code === 400 || code === 404)]);
    }
  });
});

describe("D13 D19 what names somebody or something else", () => {
  test("D13 naming people in a message reaches nobody who is not in the room", async () => {
    const [outsider, foreign] = [await createTestUser(gateway, gateway.a), await createTestUser(gateway, gateway.b)];
    using socket = await outsider.connect();
    using foreignSocket = await foreign.connect();
    const ids = [outsider.id, foreign.id];
    const parts = [
      { type: "text", text: ids.map((id) => `@${id}`).join(" ") },
      { type: "data-mention", data: { userIds: ids, mentions: ids } },
    ];
    const sent = await gateway.a.api.post(`/chat/rooms/${room.roomId}/messages`, {
      senderId: "ann",
      parts,
      mentions: ids,
    });
    expect(sent).toMatchObject({ status: 201, body: { parts } });
    // What is said after it has come, and it has not.
    const own = await createTestRoom(gateway.a, [outsider]);
    const foreignOwn = await createTestRoom(gateway.b, [foreign]);
    for (const [one, roomId] of [
      [socket, own.id],
      [foreignSocket, foreignOwn.id],
    ] as readonly [TestSocket, string][]) {
      await one.next("room-participants-changed", (change) => change.roomId === roomId);
      expect(JSON.stringify(one.received)).not.toContain(sent.body.id);
    }
  });

  test("D19 ids that a client chooses are ignored, or are its own tenant's: the other tenant's of that id stays", async () => {
    const inB = await seedRoom(gateway.b.api, { people: ["ann", "bo"], externalId: "secret:1", text: "of b" });
    const before = await readTenantRows(database.adminUrl, "b");
    const own = { id: inB.roomId, roomId: inB.roomId, tenantId: "b" };
    const made = await gateway.a.api.post("/chat/rooms", { ...own, name: "Mine", participants: [{ id: "ann" }] });
    expect(made.status).toBe(201);
    expect(made.body.id).not.toBe(inB.roomId);
    const sent = await gateway.a.api.post(`/chat/rooms/${made.body.id}/messages`, {
      ...own,
      id: inB.messageId,
      clientMessageId: inB.messageId,
      senderId: "ann",
      parts: [{ type: "text", text: "of a" }],
    });
    expect(sent).toMatchObject({ status: 201, body: { roomId: made.body.id, clientMessageId: inB.messageId } });
    expect(sent.body.id).not.toBe(inB.messageId);
    const again = await gateway.a.api.post("/chat/rooms", { externalId: "secret:1", participants: [{ id: "ann" }] });
    expect(again.body.id).toBe(room.roomId);
    expect(await readTenantRows(database.adminUrl, "b")).toEqual(before);
  });
});

describe("H20 injections", () => {
  const marker = "inj7f3a";
  const payloads = [
    `'; drop table sendsar.messages; -- ${marker}`,
    `" or ""="${marker}`,
    `${marker}\\'; select pg_sleep(10); --`,
    `$$${marker}$$ || (select apikey from tenants)`,
    `{"$gt":"","$where":"${marker}"}`,
    `\${${marker}} {{${marker}}} #{${marker}} <%= ${marker} %>`,
    `1) union select null, '${marker}' --`,
    `${marker}%' escape '\\`,
    `e'\\x27 ${marker}`,
  ];

  test.each(payloads)("H20 %s in every text, id, cursor and filter: a text like any other", async (payload) => {
    const from = tap.statements.length;
    const subject = {
      ...room,
      userId: "ann",
      uploadId: payload,
      appCode: payload,
      otherUserId: payload,
      token: payload,
    };
    const real = everyRequest({ ...subject });
    const hostile = everyRequest({ ...subject, roomId: payload, messageId: payload });
    const query = [
      "cursor",
      "limit",
      "around",
      "externalId",
      "customTypesFilter",
      "participantId",
      "viewerId",
      "userId",
    ]
      .map((name) => `${name}=${encodeURIComponent(payload)}`)
      .join("&");
    for (const { id, method, path, body } of [...real, ...hostile]) {
      if (id === "deleteRoom" || id === "deleteRoomForMe") continue;
      for (const [askedPath, askedBody] of [
        [path, withTexts(body, payload)],
        [`${path.split("?")[0]}?${query}`, body],
      ] as const) {
        const answer = await gateway.a.api.call(method, askedPath, askedBody);
        expect([id, answer.status]).toEqual([id, expect.toSatisfy((status) => status < 500)]);
        if (answer.status >= 400) expectNoInsides(JSON.stringify(answer.body));
      }
    }
    const statements = tap.statements.slice(from);
    expect(statements.length).toBeGreaterThan(20);
    expect(statements.filter(({ text }) => text.includes(marker))).toEqual([]);
    const page = await gateway.a.api.get(`/chat/rooms/${room.roomId}/messages?limit=100`);
    expect(page.body.messages.some(({ parts }: Wire) => parts[0]?.text === payload)).toBe(true);
  });
});

/** The value with this in place of every text in it. */
const withTexts = (value: unknown, text: string): unknown => {
  if (typeof value === "string") return text;
  if (Array.isArray(value)) return value.map((item) => withTexts(item, text));
  if (typeof value !== "object" || value === null) return value;
  // A part of a message keeps its type and a call its actor, so that the rest is looked at.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      ["type", "senderId", "userId"].includes(key) ? item : withTexts(item, text),
    ]),
  );
};
