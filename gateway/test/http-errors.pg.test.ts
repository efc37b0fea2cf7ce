import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ErrorBody } from "@sendsar/protocol/objects/common";
import { limits } from "@sendsar/protocol/limits";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectNoInsides, expectRefusal } from "../../scripts/testing/refusals.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { runOn } from "../../scripts/testing/test-server.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Everything of an answer that goes over the wire. */
interface WholeAnswer {
  readonly status: number;
  readonly text: string;
  readonly head: string;
}

const ask = async (
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<WholeAnswer> => {
  const response = await fetch(`${gateway.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return { status: response.status, text: await response.text(), head };
};

/** Requires an error of the contract's form that shows nothing of what the gateway is made of. */
const expectPlainError = ({ status, text: body, head }: WholeAnswer): void => {
  const parsed = ErrorBody.strict().parse(JSON.parse(body));
  expect(parsed.statusCode).toBe(status);
  expect(parsed.message).toBe(parsed.error);
  expect(head).toMatch(/^content-type: application\/json; charset=utf-8$/m);
  expect(head).toMatch(/^x-content-type-options: nosniff$/m);
  expect(head).toMatch(new RegExp(`^x-request-id: ${parsed.requestId}$`, "m"));
  expect(head).toMatch(/^access-control-allow-origin: \*$/m);
  for (const shown of [body, head]) {
    expectNoInsides(shown);
    expect(shown).not.toMatch(
      /fastify|socket\.io|node(\.js|\/v?\d)|postgres|\bpg\b|zod|\bv?\d+\.\d+\.\d+\b|x-powered-by|^server:/im,
    );
  }
};

describe("H19 what an error shows", () => {
  test("H19 every kind of refusal has the contract's form and no stack, SQL, path or version", async () => {
    const user = await createTestUser(gateway, gateway.a);
    const { id: roomId } = await createTestRoom(gateway.a, [user]);
    const backend = { "x-api-key": gateway.a.apiKey, "content-type": "application/json" };
    const person = { authorization: `Bearer ${user.token}`, "content-type": "application/json" };
    const messages = `/v1/chat/rooms/${roomId}/messages`;
    const expected: readonly (readonly [number, string, string, Record<string, string>, string?])[] = [
      [400, "POST", "/v1/users", backend, "{"],
      [400, "POST", "/v1/users", backend, `{"id":"${"x".repeat(300)}","username":7,"avatarUrl":"javascript:alert(1)"}`],
      [400, "GET", "/v1/chat/rooms?limit=1&limit=2", backend],
      [400, "GET", "/v1/chat/rooms?cursor=made-up", backend],
      [400, "GET", "/v1/chat/rooms?limit='; drop table users; --", backend],
      [400, "GET", "/v1/chat/rooms", { ...backend, ...person }],
      [400, "POST", messages, backend, `{"parts":[{"type":"text","text":"t"}]}`],
      [400, "POST", messages, person, `{"parts":[{"type":"data-call","data":{}}]}`],
      [400, "POST", messages, person, `{"parts":[{"type":"text","text":"t"}],"parentMessageId":"${randomUUID()}"}`],
      [400, "PATCH", "/v1/tenant/settings", backend, `{"plan":"pro"}`],
      [401, "GET", "/v1/chat/rooms", {}],
      [401, "GET", "/v1/chat/rooms", { "x-api-key": `sk_live_${"0".repeat(48)}` }],
      [401, "GET", "/v1/chat/rooms", { authorization: "Bearer eyJhbGciOiJub25lIn0.e30." }],
      [403, "POST", "/v1/users", person, "{}"],
      [403, "POST", messages, person, `{"senderId":"somebody","parts":[{"type":"text","text":"t"}]}`],
      [404, "GET", "/v1/nowhere", backend],
      [404, "GET", `/v1/chat/rooms/${randomUUID()}`, backend],
      [404, "GET", "/v1/chat/rooms/%ZZ", backend],
      [404, "POST", "/v1/auth/token", backend, `{"userId":"nobody"}`],
      [404, "POST", `/v1/chat/rooms/${roomId}/read`, person, `{"lastReadMessageId":"${randomUUID()}"}`],
      [405, "DELETE", "/v1/chat/rooms", backend],
      [413, "POST", "/v1/users", backend, "x".repeat(limits.bodyBytesMax + 1)],
      [414, "GET", `/v1/chat/rooms/${"x".repeat(limits.pathParamCharsMax + 1)}`, backend],
      [415, "POST", "/v1/users", { ...backend, "content-type": "text/plain" }, "x"],
      [431, "GET", "/v1/chat/rooms", { ...backend, "x-more": "x".repeat(limits.headerBytesMax) }],
    ];
    for (const [status, method, path, headers, body] of expected) {
      const answer = await ask(method, path, headers, body);
      expect(answer.status, `${method} ${path.slice(0, 100)} ${answer.text}`).toBe(status);
      expectPlainError(answer);
    }
    expect(loggedFailures(gateway)).toEqual([]);
  });

  test("H19 what is no HTTP at all gets the same form", async () => {
    for (const sent of [
      "nonsense\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET /v1 HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
    ]) {
      const socket = connect(gateway.gateway.port, "127.0.0.1");
      await once(socket, "connect");
      socket.write(sent);
      const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
      expect(head, sent).toMatch(/^HTTP\/1\.1 400 /);
      expectPlainError({ status: 400, text: body, head: head.toLowerCase() });
    }
  });

  test("H19 H21 a failure of our own is a 500 that says nothing; what failed is in the log", async () => {
    await using broken = await startTestGateway();
    const { id: roomId } = await createTestRoom(broken.a, [{ id: "ann" }]);
    await runOn(broken.database.adminUrl, "alter table sendsar.messages rename to messages_elsewhere");
    const read = await broken.a.api.get(`/chat/rooms/${roomId}/messages?viewerId=ann`);
    const sent = await broken.a.api.post(`/chat/rooms/${roomId}/messages`, {
      senderId: "ann",
      parts: [{ type: "text", text: "t" }],
    });
    for (const answer of [read, sent]) {
      expectRefusal(answer, "internal");
      expectNoInsides(JSON.stringify(answer.body));
    }
    expect(loggedFailures(broken).filter((line) => line.includes("42P01"))).toHaveLength(2);
    await runOn(broken.database.adminUrl, "alter table sendsar.messages_elsewhere rename to messages");
    expect((await broken.a.api.get(`/chat/rooms/${roomId}/messages?viewerId=ann`)).status).toBe(200);
  });
});
