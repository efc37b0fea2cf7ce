import Fastify from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import type { TestAnswer, Wire } from "../../scripts/testing/client.ts";
import { connectTestSocket } from "../../scripts/testing/client.ts";
import { callEvery } from "../../scripts/testing/every-call.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { parseJsonBodies } from "../src/http/json-body.ts";

// Contract §§1 and 2, and what holds for every endpoint. What a published client trips over is marked there.

let gateway: TestGateway;
let room: SeededRoom;
beforeAll(async () => {
  gateway = await startTestGateway();
  room = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "everything" });
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

describe("CB 1 addresses", () => {
  test("CB 1 two tenants share one host: REST below /v1, sockets at the bare origin, told apart by credential alone", async () => {
    const apiUrl = `${gateway.url}/v1`;
    const inA = await createTestUser(gateway, gateway.a, "the-same-id");
    const inB = await createTestUser(gateway, gateway.b, "the-same-id");
    const [roomA, roomB] = [await createTestRoom(gateway.a, [inA]), await createTestRoom(gateway.b, [inB])];
    using a = await connectTestSocket(new URL(apiUrl).origin, inA.token);
    using b = await connectTestSocket(new URL(apiUrl).origin, inB.token);
    await inA.send(roomA.id, "for a");
    await inB.send(roomB.id, "for b");
    await a.next("new-message");
    await b.next("new-message");
    expect(a.of("new-message").map(({ previewText }) => previewText)).toEqual(["for a"]);
    expect(b.of("new-message").map(({ previewText }) => previewText)).toEqual(["for b"]);
  });
});

describe("CB 1.1 requests", () => {
  test("CB 1.1.1 DELETE with JSON content type and empty body reaches its handler", async () => {
    await using server = Fastify();
    parseJsonBodies(server);
    server.delete("/unpin", async (request) => ({ body: request.body ?? "none" }));
    const url = await server.listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch(`${url}/unpin`, {
      method: "DELETE",
      headers: { "content-type": "application/json" },
    });
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { body: "none" } });
  });

  test("CB 1.1.1 DELETE with JSON content type and empty body where there is no such call: 404 or 405, never 400 for its body", async () => {
    const call = (path: string) => gateway.a.api.call("DELETE", path);
    expectRefusal(await call(`/chat/rooms/${room.roomId}/messages`), "method_not_allowed");
    expectRefusal(await call("/nowhere/at/all"), "not_found");
  });

  test("CB 1.1.1 POST with JSON content type and empty body is a POST without a body", async () => {
    const ann = await createTestUser(gateway, gateway.a, "ann");
    const read = await ann.client.call("POST", `/chat/rooms/${room.roomId}/read`);
    expect(read).toMatchObject({ status: 200, body: { userId: "ann", lastReadMessageId: room.messageId } });
  });

  test("CB 1.1.2 path parameters of up to 4 KB are taken, percent-encoded ones too", async () => {
    const unknown = withoutRequestId(await gateway.a.api.get("/chat/rooms/0b9f6a3e-6a0e-4d0a-9a5e-000000000000"));
    for (const id of [
      "f".repeat(180),
      "f".repeat(limits.pathParamCharsMax),
      encodeURIComponent("a/b:c d".repeat(200)),
    ]) {
      expect(withoutRequestId(await gateway.a.api.get(`/chat/rooms/${id}`))).toEqual(unknown);
    }
    expectRefusal(await gateway.a.api.get(`/chat/rooms/${"f".repeat(limits.pathParamCharsMax + 1)}`), "path_too_long");
  });

  test("CB 1.1.3 browsers of any origin may call: preflight, answer and refusal", async () => {
    for (const method of ["GET", "POST", "PATCH", "DELETE"]) {
      const preflight = await fetch(`${gateway.url}/v1/chat/rooms`, {
        method: "OPTIONS",
        headers: {
          origin: "https://customer.example",
          "access-control-request-method": method,
          "access-control-request-headers": "authorization,content-type",
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
      expect(preflight.headers.get("access-control-allow-methods")?.split(", ")).toContain(method);
      expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase().split(", ")).toEqual(
        expect.arrayContaining(["authorization", "content-type"]),
      );
      expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    }
    const calls = [
      ["GET", "/chat/rooms", undefined, 200],
      ["GET", "/nowhere", undefined, 404],
      ["PUT", "/chat/rooms", "{}", 405],
      ["POST", "/users", "{", 400],
    ] as const;
    for (const [method, path, body, status] of calls) {
      const answer = await gateway.a.api.call(method, path, body, { origin: "https://customer.example" });
      expect(answer.status).toBe(status);
      expect(answer.headers.get("access-control-allow-origin"), `${method} ${path}`).toBe("*");
    }
    const unauthorized = await fetch(`${gateway.url}/v1/chat/rooms`, {
      headers: { origin: "https://customer.example" },
    });
    expect(unauthorized.status).toBe(401);
    expect(unauthorized.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("CB 1.1.3 the same for Socket.IO over polling", async () => {
    const path = "/socket.io/?EIO=4&transport=polling";
    const origin = ["origin", "https://customer.example"] as const;
    const preflight = await rawRequest(gateway.url, {
      method: "OPTIONS",
      path,
      headers: [origin, ["access-control-request-method", "POST"], ["access-control-request-headers", "content-type"]],
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers["access-control-allow-origin"]).toBe("*");
    expect(preflight.headers["access-control-allow-headers"]).toContain("content-type");
    const opened = await rawRequest(gateway.url, { path, headers: [origin] });
    expect(opened).toMatchObject({ status: 200, headers: { "access-control-allow-origin": "*" } });
    const refused = await rawRequest(gateway.url, { path: "/socket.io/?EIO=9&transport=polling", headers: [origin] });
    expect(refused).toMatchObject({ status: 400, headers: { "access-control-allow-origin": "*" } });
  });
});

describe("CB 1.2 answers", () => {
  test("CB 1.2 every call that succeeds answers with a JSON body", async () => {
    for (const [id, { status, body, headers }] of await callEvery(gateway, gateway.a)) {
      expect([200, 201], id).toContain(status);
      expect(headers.get("content-type"), id).toBe("application/json; charset=utf-8");
      expect(body, id).toBeTypeOf("object");
      expect(body, id).not.toBeNull();
    }
  });

  test("CB 1.2 fields that the contract does not have are ignored, in bodies and in queries", async () => {
    const more = { appCode: "demo", displayName: "D", "no such field": [{ deep: null }] };
    const answers = await callEvery(gateway, gateway.a, ({ id, body }) =>
      // Unknown settings are kept: there they are not ignored (contract 12).
      body === undefined || id === "patchSettings" ? body : { ...body, ...more },
    );
    for (const [id, { status, body }] of answers) {
      expect([200, 201], `${id} ${JSON.stringify(body)}`).toContain(status);
      expect(JSON.stringify(body), id).not.toContain("no such field");
    }
    expect((await gateway.a.api.get("/chat/rooms?noSuchField=1&limit=1")).status).toBe(200);
  });

  test("CB 1 every time is ISO-8601 UTC with milliseconds", async () => {
    const times = [...(await callEvery(gateway, gateway.a))].flatMap(([id, { body }]) => timesIn(body, id));
    expect(times.length).toBeGreaterThan(20);
    for (const [where, time] of times) {
      if (time !== null) expect(time, where).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  test("CB 1.3 every error has the three fields that clients read, of the types that they cast to", async () => {
    const calls: readonly Promise<TestAnswer>[] = [
      gateway.a.api.post("/users", "{"),
      gateway.a.api.post("/users", { id: 1 }),
      gateway.a.api.call("GET", "/chat/rooms", undefined, { "x-api-key": "wrong" }),
      gateway.a.api.get("/nowhere"),
      gateway.a.api.get(`/chat/rooms/${"x".repeat(5000)}`),
      gateway.a.api.call("PATCH", "/users"),
      gateway.a.api.call("POST", "/users", "x", { "content-type": "text/plain" }),
    ];
    const statuses = [400, 400, 401, 404, 414, 405, 415];
    for (const [index, { status, body, headers }] of (await Promise.all(calls)).entries()) {
      expect(status).toBe(statuses[index]);
      expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
      expect(body).toMatchObject({
        statusCode: status,
        error: expect.any(String),
        message: body.error,
        code: expect.any(String),
      });
      // Clients show `error` to people: a sentence, not a status.
      expect(body.error).toMatch(/^[A-Z][^_]* /);
    }
  });
});

/** All fields whose name ends in `At`, by their path. */
const timesIn = (value: Wire, path: string): [string, Wire][] =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, item]): [string, Wire][] =>
        /[a-z]At$/.test(key) ? [[`${path}.${key}`, item]] : timesIn(item, `${path}.${key}`),
      );

describe("CB 2.3 session tokens", () => {
  test("CB 2.3 the default session is an hour: clients that renew five minutes early do not loop", async () => {
    const before = Date.now();
    const { status, body } = await gateway.a.api.post("/auth/token", { userId: "ann" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), userId: "ann" });
    const seconds = (Date.parse(body.expiresAt) - before) / 1000;
    expect(Math.abs(seconds - limits.sessionSecondsDefault)).toBeLessThan(10);
    expect(limits.sessionSecondsDefault).toBeGreaterThan(300);
  });

  test("CB 2.3 a user that was never upserted: 404", async () => {
    expectRefusal(await gateway.a.api.post("/auth/token", { userId: "never-seen" }), "user_not_found");
  });
});

describe("CB 3.1 users", () => {
  test("CB 3.1 an appCode that no app has is accepted and kept, also for participants of a new room", async () => {
    const answer = await gateway.a.api.post("/users", { id: "demo-user", username: "D", appCode: "demo" });
    expect(answer).toMatchObject({ status: 201, body: { appCode: "demo" } });
    expect((await gateway.a.api.post("/users", { id: "demo-user", username: "E" })).body.appCode).toBe("demo");
    const participants = [{ id: "demo-peer", username: "P", appCode: "no-such-app" }];
    expect((await gateway.a.api.post("/chat/rooms", { participants })).status).toBe(201);
    expect((await gateway.a.api.post("/users", { id: "demo-peer", username: "P" })).body.appCode).toBe("no-such-app");
  });
});
