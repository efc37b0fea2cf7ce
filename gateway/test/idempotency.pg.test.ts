import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer, TestClient } from "../../scripts/testing/client.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// A22: calls with an Idempotency-Key, on two gateways over one database.

let one: TestGateway;
let two: TestPeer;
let elsewhere: TestClient;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
  elsewhere = createTestClient(two.url, { "x-api-key": one.a.apiKey });
});
afterAll(() => one[Symbol.asyncDispose]());

const post = (client: TestClient, key: string, path: string, body?: unknown): Promise<TestAnswer> =>
  client.call("POST", path, body, { "idempotency-key": key });
const wasReplayed = ({ headers }: TestAnswer): boolean => headers.get("idempotency-replayed") === "true";
const roomsNamed = async (name: string): Promise<number> => {
  const rows = await runOn(one.database.adminUrl, `select from sendsar.rooms where name = '${name}'`);
  return rows.length;
};
const newRoom = (name: string) => ({ name, participants: [{ id: "ann" }] });

describe("A22 the same key and the same request", () => {
  test("20 at the same time, on two gateways: exactly one room", async () => {
    const [key, name] = [randomUUID(), `room ${randomUUID()}`];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        post(n % 2 === 0 ? one.a.api : elsewhere, key, "/chat/rooms", newRoom(name)),
      ),
    );
    expect(await roomsNamed(name)).toBe(1);
    const made = answers.filter((answer) => answer.status === 201 && !wasReplayed(answer));
    expect(made).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 201) expect(answer.body).toEqual(made[0]?.body);
      else expectRefusal(answer, "idempotency_key_in_use");
    }
  });

  test("later, on either gateway: the first answer with its status, and nothing happens", async () => {
    const [key, name] = [randomUUID(), `room ${randomUUID()}`];
    const first = await post(one.a.api, key, "/chat/rooms", newRoom(name));
    const again = [
      await post(one.a.api, key, "/chat/rooms", newRoom(name)),
      await post(elsewhere, key, "/chat/rooms", { participants: [{ id: "ann" }], name }),
    ];
    expect([first.status, wasReplayed(first)]).toEqual([201, false]);
    for (const answer of again) {
      expect([answer.status, wasReplayed(answer)]).toEqual([201, true]);
      expect(JSON.stringify(answer.body)).toBe(JSON.stringify(first.body));
    }
    expect(await roomsNamed(name)).toBe(1);
  });

  test("a refusal is an answer too: 404 stays 404, also when it would not be one any more", async () => {
    const [key, userId] = [randomUUID(), `late-${randomUUID()}`];
    const { id: roomId } = await createTestRoom(one.a, [{ id: "ann" }]);
    const body = { senderId: userId, parts: [{ type: "text", text: "hello" }] };
    const first = await post(one.a.api, key, `/chat/rooms/${roomId}/messages`, body);
    expect([first.status, wasReplayed(first)]).toEqual([403, false]);
    await one.a.api.post(`/chat/rooms/${roomId}/participants`, { userId });
    const again = await post(elsewhere, key, `/chat/rooms/${roomId}/messages`, body);
    expect(withoutRequestId(again)).toEqual(withoutRequestId(first));
    expect(wasReplayed(again)).toBe(true);
    expect((await post(one.a.api, randomUUID(), `/chat/rooms/${roomId}/messages`, body)).status).toBe(201);
  });

  test("what does not fit the contract is refused before the key is looked at", async () => {
    const [key, name] = [randomUUID(), `room ${randomUUID()}`];
    expect((await post(one.a.api, key, "/chat/rooms", { name: 7 })).status).toBe(400);
    expect((await post(one.a.api, key, "/chat/rooms", newRoom(name))).status).toBe(201);
  });
});

describe("A22 the same key and another request", () => {
  test("another body, path or place of the same words: 422, and nothing happens", async () => {
    const [key, name] = [randomUUID(), `room ${randomUUID()}`];
    const other = `room ${randomUUID()}`;
    await post(one.a.api, key, "/chat/rooms", newRoom(name));
    const different: readonly (readonly [string, unknown])[] = [
      ["/chat/rooms", newRoom(other)],
      ["/chat/rooms", { ...newRoom(name), unknown: true }],
      ["/chat/rooms?x=1", newRoom(name)],
      ["/users", { id: other, username: other }],
    ];
    for (const [path, body] of different) {
      for (const client of [one.a.api, elsewhere]) {
        expectRefusal(await post(client, key, path, body), "idempotency_key_reused");
      }
    }
    expect([await roomsNamed(name), await roomsNamed(other)]).toEqual([1, 0]);
  });
});

describe("A22 the same key of somebody else", () => {
  test("another tenant: independent", async () => {
    const [key, name] = [randomUUID(), `room ${randomUUID()}`];
    const [ofA, ofB] = [
      await post(one.a.api, key, "/chat/rooms", newRoom(name)),
      await post(one.b.api, key, "/chat/rooms", newRoom(name)),
    ];
    expect([ofA.status, ofB.status, wasReplayed(ofB)]).toEqual([201, 201, false]);
    expect(ofB.body.id).not.toBe(ofA.body.id);
    const other = await post(one.b.api, key, "/chat/rooms", newRoom(`${name} of b`));
    expectRefusal(other, "idempotency_key_reused");
  });

  test("another user of the tenant, and its backend: independent", async () => {
    const [ann, bo] = [await createTestUser(one, one.a), await createTestUser(one, one.a)];
    const { id: roomId } = await createTestRoom(one.a, [ann, bo]);
    const key = randomUUID();
    const parts = [{ type: "text", text: "hello" }];
    const answers = [
      await post(ann.client, key, `/chat/rooms/${roomId}/messages`, { parts }),
      await post(bo.client, key, `/chat/rooms/${roomId}/messages`, { parts }),
      await post(one.a.api, key, `/chat/rooms/${roomId}/messages`, { parts, senderId: ann.id }),
      await post(ann.client, key, `/chat/rooms/${roomId}/messages`, { parts }),
    ];
    expect(answers.map((answer) => [answer.status, wasReplayed(answer)])).toEqual([
      [201, false],
      [201, false],
      [201, false],
      [201, true],
    ]);
    expect(answers[3]?.body).toEqual(answers[0]?.body);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3);
  });
});

describe("a key", () => {
  const send = async (key: string) => {
    const body = JSON.stringify({ id: "ann", username: "Ann" });
    return await rawRequest(one.url, {
      method: "POST",
      path: "/v1/users",
      headers: [
        ["x-api-key", one.a.apiKey],
        ["content-type", "application/json"],
        ["idempotency-key", key],
      ],
      body,
    });
  };

  test.each(["", " ", "two words", "\u00e9t\u00e9", "x".repeat(limits.idempotencyKeyCharsMax + 1)])(
    "that is %j is refused, and the details name it",
    async (key) => {
      const answer = await send(key);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({
        code: "invalid_request",
        details: [{ path: "Idempotency-Key" }],
      });
    },
  );

  test.each(["x", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~", "' or 1=1 --".replaceAll(" ", "+")])(
    "may be %s",
    async (key) => {
      expect((await send(key + randomUUID())).status).toBeLessThan(300);
    },
  );

  test("may be as long as its limit", async () => {
    expect((await send(randomUUID().padEnd(limits.idempotencyKeyCharsMax, "x"))).status).toBeLessThan(300);
  });

  test("two of them are none", async () => {
    const { status } = await rawRequest(one.url, {
      method: "POST",
      path: "/v1/users",
      headers: [
        ["x-api-key", one.a.apiKey],
        ["content-type", "application/json"],
        ["idempotency-key", "a"],
        ["idempotency-key", "b"],
      ],
      body: JSON.stringify({ id: "ann", username: "Ann" }),
    });
    expect(status).toBe(400);
  });

  test("has no effect where nothing is kept: tokens, reading, and whatever is not a POST", async () => {
    const key = randomUUID();
    const user = await createTestUser(one, one.a);
    const mint = () => post(one.a.api, key, "/auth/token", { userId: user.id });
    const [first, second] = [await mint(), await mint()];
    expect([first.status, second.status, wasReplayed(second)]).toEqual([200, 200, false]);
    expect(second.body.token).not.toBe(first.body.token);
    const patch = { chat: { deletedMessageDisplay: "hidden" } };
    await one.a.api.call("PATCH", "/tenant/settings", patch, { "idempotency-key": key });
    const rows = await runOn(
      one.database.adminUrl,
      `select from sendsar.idempotency_keys where idempotency_key = '${key}'`,
    );
    expect(rows).toEqual([]);
  });

  test("may be sent by a browser, which may read that an answer was given again", async () => {
    const preflight = await fetch(`${one.url}/v1/chat/rooms`, {
      method: "OPTIONS",
      headers: { origin: "https://shop.example", "access-control-request-method": "POST" },
    });
    expect(preflight.headers.get("access-control-allow-headers")?.split(", ")).toContain("idempotency-key");
    const answer = await fetch(`${one.url}/v1/chat/rooms`, { headers: { origin: "https://shop.example" } });
    expect(answer.headers.get("access-control-expose-headers")?.split(", ")).toContain("idempotency-replayed");
  });
});
