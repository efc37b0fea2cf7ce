import { randomUUID } from "node:crypto";
import { reservedSettingKeys } from "@sendsar/protocol/objects/settings";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer } from "../../scripts/testing/client.ts";
import { createUserClient } from "../../scripts/testing/client.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";

let gateway: TestGateway;
let roomOfA: SeededRoom;
let roomOfB: SeededRoom;
beforeAll(async () => {
  gateway = await startTestGateway();
  // The same user, room name and external id on both sides; only texts and names of users say whose it is.
  roomOfA = await seedRoom(gateway.a.api, { people: ["user_abc123", "a2"], externalId: "same", text: "text of a" });
  roomOfB = await seedRoom(gateway.b.api, { people: ["user_abc123", "b2"], externalId: "same", text: "text of b" });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const changingNothingOf = <T>(tenantId: "a" | "b", act: () => Promise<T>): Promise<T> =>
  requireUnchanged(gateway.database.adminUrl, [tenantId], act);

describe("A03 b's key on what a has: as if it were not there", () => {
  test("A03 every endpoint below a room answers as for a random id", async () => {
    const real = everyRequest(roomOfA).filter(({ path }) => path.includes(roomOfA.roomId));
    expect(real.length).toBeGreaterThanOrEqual(4);
    for (const { id, method, path, body } of real) {
      const unknown = everyRequest({ ...roomOfA, roomId: randomUUID() }).find((one) => one.id === id);
      const answers = await changingNothingOf("a", () =>
        Promise.all([
          gateway.b.api.call(method, path, body),
          gateway.b.api.call(method, unknown?.path ?? "", unknown?.body),
        ]),
      );
      for (const answer of answers) expectRefusal(answer, "room_not_found");
      expect(answers.map(headersOf)[0]).toEqual(answers.map(headersOf)[1]);
    }
  });

  test("A03 every verb on every path of a room answers as for a random id", async () => {
    const paths = new Set(
      everyRequest(roomOfA)
        .map(({ path }) => path)
        .filter((path) => path.includes(roomOfA.roomId)),
    );
    for (const path of paths) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        const body = method === "GET" ? undefined : { userId: "user_abc123", senderId: "user_abc123", parts: [] };
        const [real, unknown] = await changingNothingOf("a", () =>
          Promise.all([
            gateway.b.api.call(method, path, body),
            gateway.b.api.call(method, path.replace(roomOfA.roomId, randomUUID()), body),
          ]),
        );
        expect(real.status).toBeGreaterThanOrEqual(400);
        expect(real.status).toBeLessThan(500);
        expect(withoutRequestId(real)).toEqual(withoutRequestId(unknown));
      }
    }
  });

  test("A03 a's ids inside b's own room answer as random ones", async () => {
    const path = `/chat/rooms/${roomOfB.roomId}`;
    const reply = (parentMessageId: string) => ({
      senderId: "user_abc123",
      parts: [{ type: "text", text: "re" }],
      parentMessageId,
    });
    const read = (id: string) => ({ userId: "user_abc123", lastReadMessageId: id, lastDeliveredMessageId: id });
    for (const [suffix, body, code] of [
      ["/messages", reply, "parent_not_found"],
      ["/read", read, "message_not_found"],
      ["/delivery", read, "message_not_found"],
    ] as const) {
      const answers = await changingNothingOf("a", () =>
        changingNothingOf("b", () =>
          Promise.all([roomOfA.messageId, randomUUID()].map((id) => gateway.b.api.post(`${path}${suffix}`, body(id)))),
        ),
      );
      for (const answer of answers) expectRefusal(answer, code);
    }
  });

  test("A03 lists, filters and settings show b's own and nothing else", async () => {
    const { api } = gateway.b;
    const lists = ["", "?externalId=same", "?participantId=user_abc123", "?participantId=user_abc123&externalId=same"];
    for (const query of lists) {
      const { body } = await api.get(`/chat/rooms${query}`);
      expect(body.rooms.map(({ id }: { id: string }) => id)).toEqual([roomOfB.roomId]);
    }
    expect((await api.get("/chat/rooms?participantId=a2")).body.rooms).toEqual([]);
    const before = (await gateway.a.api.get("/tenant/settings")).body;
    const patch = { chat: { deletedMessagePlaceholder: "of b" } };
    await changingNothingOf("a", () => api.patch("/tenant/settings", patch));
    expect((await gateway.a.api.get("/tenant/settings")).body).toEqual(before);
    expect((await api.get("/tenant/settings")).body.chat.deletedMessagePlaceholder).toBe("of b");
  });

  /** All that could tell two answers apart beside the body. */
  const headersOf = ({ headers }: TestAnswer): unknown =>
    Object.fromEntries([...headers].filter(([name]) => !["x-request-id", "date"].includes(name)));
});

describe("A04 naming a tenant does not choose it: the credential does", () => {
  const names = { tenantId: "b", tenant_id: "b", tenant: "b", tid: "b" };
  const headers = { "x-tenant-id": "b", "x-tenant": "b", "tenant-id": "b", "x-forwarded-host": "b.example" };

  test("A04 in body, query and header: ignored, the stored rows are a's", async () => {
    const query = new URLSearchParams(names);
    const user = { id: "a04", username: "A04", ...names };
    const made = await changingNothingOf("b", async () => [
      await gateway.a.api.call("POST", `/users?${query}`, user, headers),
      await gateway.a.api.call(
        "POST",
        `/chat/rooms?${query}`,
        { participants: [{ id: "a04", ...names }], ...names },
        headers,
      ),
      await gateway.a.api.call("GET", `/chat/rooms?${query}&participantId=a04`, undefined, headers),
    ]);
    expect(made.map(({ status }) => status)).toEqual([201, 201, 200]);
    expect(made[2]?.body.rooms).toHaveLength(1);
    const rows = await readTenantRows(gateway.database.adminUrl, "a");
    expect(rows["users"]?.filter((row) => row.includes('"a04"'))).toHaveLength(1);
  });

  test("A04 in the settings: refused", async () => {
    expectRefusal(await gateway.a.api.patch("/tenant/settings", { tenantId: "b" }), "reserved_setting");
  });

  const paths = ["/v1/b/users", "/v1/tenants/b/users", "/b/v1/users", "/v1/../b/users", "/v1/%2e%2e/b/users"];
  test.for(paths)("A04 in the path %s: no such path", async (path) => {
    const headers = [
      ["x-api-key", gateway.a.apiKey],
      ["content-type", "application/json"],
    ] as const;
    const body = '{"id":"a04","username":"A04"}';
    const answer = await changingNothingOf("b", () => rawRequest(gateway.url, { method: "POST", path, headers, body }));
    expectRefusal({ status: answer.status, body: JSON.parse(answer.text) }, "not_found");
  });
});

describe("users of the same id in two tenants are two users", () => {
  test("A15 minting for an id that only a has: 404", async () => {
    expectRefusal(await gateway.b.api.post("/auth/token", { userId: "a2" }), "user_not_found");
  });

  test("A15 a token minted by b opens b, whatever the user's id", async () => {
    const token = await mintToken(gateway.b.api, "user_abc123");
    expect(decodeJwt(token)).toMatchObject({ tid: "b", sub: "user_abc123" });
    const user = createUserClient(gateway.url, token);
    const { body } = await user.get("/chat/rooms");
    expect(body.rooms.map(({ id }: { id: string }) => id)).toEqual([roomOfB.roomId]);
    expectRefusal(await user.get(`/chat/rooms/${roomOfA.roomId}`), "room_not_found");
  });

  test("A16 b upserts the id of a's user: b's own row, a's stays", async () => {
    const answer = await changingNothingOf("a", () =>
      gateway.b.api.post("/users", { id: "a2", username: "b's a2", metadata: { from: "b" } }),
    );
    expect(answer.status).toBe(201);
    const { body } = await gateway.a.api.get(`/chat/rooms/${roomOfA.roomId}`);
    const names = body.participants.map(({ username }: { username: string }) => username);
    expect(names.toSorted()).toEqual(["a2 of same", "user_abc123 of same"]);
  });

  test("A16 b names a's user in a room: b's own user is made, a's stays", async () => {
    const answer = await changingNothingOf("a", () =>
      gateway.b.api.post("/chat/rooms", { participants: [{ id: "a3", username: "b's a3" }] }),
    );
    expect(answer.body.participants).toMatchObject([{ userId: "a3", username: "b's a3" }]);
  });
});

describe("A20 settings are settings: what a tenant is and may is not among them", () => {
  test.for([...reservedSettingKeys])("A20 %s: 400, nothing is changed", async (key) => {
    for (const value of ["x", null, { a: 1 }]) {
      const patch = { chat: { deletedMessagePlaceholder: "not to be kept" }, [key]: value };
      expectRefusal(
        await changingNothingOf("a", () => gateway.a.api.patch("/tenant/settings", patch)),
        "reserved_setting",
      );
    }
  });

  test("A20 columns of the tenant's row named as settings stay beside them", async () => {
    const stateOf = async () => {
      const [row = "{}"] = (await readTenantRows(gateway.database.adminUrl, "a"))["tenants"] ?? [];
      const { tenant_id, name, status, created_at } = JSON.parse(row) as Record<string, unknown>;
      return { tenant_id, name, status, created_at };
    };
    const before = await stateOf();
    const patch = { tenant_id: "b", created_at: "2020-01-01T00:00:00.000Z", settings: { chat: 1 }, api_keys: [] };
    const { status, body } = await changingNothingOf("b", () => gateway.a.api.patch("/tenant/settings", patch));
    expect(status).toBe(200);
    expect(body).toMatchObject(patch);
    expect(await stateOf()).toEqual(before);
    expect((await gateway.a.api.get("/chat/rooms")).status).toBe(200);
  });
});

describe("A21 a cursor works where it was given, and nowhere else", () => {
  let cursors: { rooms: string; messages: string; otherMessages: string };
  beforeAll(async () => {
    const { api } = gateway.b;
    const other = await seedRoom(api, { people: ["user_abc123", "b2"], externalId: "a21" });
    for (const roomId of [roomOfB.roomId, other.roomId]) {
      await api.post(`/chat/rooms/${roomId}/messages`, { senderId: "b2", parts: [{ type: "text", text: "second" }] });
    }
    cursors = {
      rooms: (await api.get("/chat/rooms?limit=1")).body.nextCursor,
      messages: (await api.get(`/chat/rooms/${roomOfB.roomId}/messages?limit=1`)).body.nextCursor,
      otherMessages: (await api.get(`/chat/rooms/${other.roomId}/messages?limit=1`)).body.nextCursor,
    };
  });
  const page = (path: string, cursor: string) => `${path}?limit=1&cursor=${encodeURIComponent(cursor)}`;
  const messagesPath = (room: SeededRoom) => `/chat/rooms/${room.roomId}/messages`;

  test("A21 b's own cursors work for b", async () => {
    expect((await gateway.b.api.get(page("/chat/rooms", cursors.rooms))).status).toBe(200);
    const { body } = await gateway.b.api.get(page(messagesPath(roomOfB), cursors.messages));
    expect(body.messages).toHaveLength(1);
    expect(body.messages[0].id).toBe(roomOfB.messageId);
  });

  test("A21 b's cursors in a's lists: 400", async () => {
    for (const cursor of Object.values(cursors)) {
      for (const path of ["/chat/rooms", messagesPath(roomOfA)]) {
        expectRefusal(await gateway.a.api.get(page(path, cursor)), "invalid_cursor");
      }
    }
  });

  test("A21 a cursor of another list or another room: 400", async () => {
    for (const [path, cursor] of [
      ["/chat/rooms", cursors.messages],
      [messagesPath(roomOfB), cursors.rooms],
      [messagesPath(roomOfB), cursors.otherMessages],
    ] as const) {
      expectRefusal(await gateway.b.api.get(page(path, cursor)), "invalid_cursor");
    }
  });

  test("A21 a cursor with any one bit changed, or made up: 400", async () => {
    const bytes = Buffer.from(cursors.messages, "base64url");
    const forged = [...bytes.keys()].map((index) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
      return copy.toString("base64url");
    });
    const madeUp = [
      "x",
      "[1]",
      "null",
      Buffer.from("[1]").toString("base64url"),
      bytes.subarray(0, 12).toString("base64url"),
    ];
    for (const cursor of [...forged, ...madeUp]) {
      expectRefusal(await gateway.b.api.get(page(messagesPath(roomOfB), cursor)), "invalid_cursor");
    }
  });
});
