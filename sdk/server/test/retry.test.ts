import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseRetryAfterMs } from "../src/retry.ts";
import {
  type ApiDouble,
  answering,
  cutting,
  cuttingInTheMiddle,
  hanging,
  refusing,
  startApiDouble,
} from "./api-double.ts";
import { createTestSendsar, failureOf } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

const user = { id: "ann", username: "Ann" };
const keysOf = (): unknown[] => api.requests.map(({ headers }) => headers["idempotency-key"]);

describe("a call is tried again", () => {
  test.each([
    ["a connection that is cut", cutting],
    ["an answer that is cut in the middle", cuttingInTheMiddle],
    ["502 of a proxy", answering(502, "<html>Bad gateway</html>")],
    ["503 of the gateway", refusing(503, "shutting_down")],
    ["504 of a proxy", answering(504, "")],
    ["429", refusing(429, "rate_limited")],
    ["a first try that is still under way", refusing(409, "idempotency_key_in_use")],
  ])("after %s, with the same idempotency key and body", async (_, failing) => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl);
    api.plan(failing, failing, answering(201, { ...user, appCode: null }));
    expect(await sendsar.users.upsert(user)).toMatchObject(user);
    expect(keysOf()).toEqual(["id-1", "id-1", "id-1"]);
    expect(new Set(api.requests.map(({ body }) => body)).size).toBe(1);
    expect(waits).toEqual([250, 500]);
  });

  test("after no answer within its time, and the late answer changes nothing", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl, { timeoutMs: 100 });
    api.plan(hanging, answering(200, user));
    expect(await sendsar.users.get("ann")).toEqual(user);
    expect(api.requests.length).toBe(2);
  });

  test("a message keeps its clientMessageId over the tries, and needs no key", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(cutting, answering(201, { id: "m1" }));
    await sendsar.messages.send("r1", { senderId: "ann", text: "hello" });
    const bodies = api.requests.map(({ body }) => JSON.parse(body) as object);
    expect(bodies).toEqual(
      Array(2).fill({ senderId: "ann", clientMessageId: "id-1", parts: [{ type: "text", text: "hello" }] }),
    );
    expect(keysOf()).toEqual([undefined, undefined]);
  });

  test("each call has a key of its own, and a key that is given is kept", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, {}));
    await sendsar.users.upsert(user);
    await sendsar.users.upsert(user);
    await sendsar.rooms.create({ participants: [{ id: "ann" }] }, { idempotencyKey: "order-8812" });
    expect(keysOf()).toEqual(["id-1", "id-2", "order-8812"]);
  });
});

describe("it is not tried again", () => {
  test.each([
    [400, "invalid_request"],
    [401, "unauthorized"],
    [404, "user_not_found"],
    [409, "external_id_taken"],
    [422, "idempotency_key_reused"],
    [500, "internal"],
  ])("after %i %s", async (status, code) => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl);
    api.plan(refusing(status, code));
    expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({ name: "SendsarError", status, code });
    expect({ tries: api.requests.length, waits }).toEqual({ tries: 1, waits: [] });
  });

  test("when the retries are used up", async () => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl);
    api.plan(refusing(503, "overloaded"));
    expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({ status: 503, code: "overloaded" });
    expect(waits).toEqual([250, 500, 1000]);
    await failureOf(sendsar.users.get("ann", { retriesMax: 0 }));
    expect(api.requests.length).toBe(4 + 1);
  });

  test("when its time is used up, or would be at the end of the wait", async () => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl, { retryMsMax: 1000, retriesMax: 100 });
    api.plan(refusing(503, "overloaded"));
    await failureOf(sendsar.users.get("ann"));
    expect(waits).toEqual([250, 500]);
  });

  test("an answer that is no JSON is not one of a gateway", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(200, "<html>Welcome</html>"));
    expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({
      code: "invalid_answer",
      status: 200,
      message: "unable to call GET /users/:userId; 200 invalid_answer: the answer is not JSON",
    });
    expect(api.requests.length).toBe(1);
  });
});

describe("Retry-After", () => {
  test("is waited for, and a little more", async () => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl);
    api.plan(refusing(429, "rate_limited", { "retry-after": "7" }), answering(200, user));
    await sendsar.users.get("ann");
    expect(waits).toEqual([7125]);
  });

  test("that is too long is told instead", async () => {
    const { sendsar, waits } = createTestSendsar(api.apiUrl);
    api.plan(refusing(429, "rate_limited", { "retry-after": "60" }));
    expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({ code: "rate_limited", retryAfterMs: 60_000 });
    expect(waits).toEqual([]);
  });

  test.each([
    ["3", 3000],
    ["0.5", 500],
    ["-1", 0],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 50_000],
    ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
    ["soon", undefined],
    [" ", undefined],
    [null, undefined],
  ])("%o is %o ms", (header, delayMs) => {
    expect(parseRetryAfterMs(header, 10_000)).toBe(delayMs);
  });
});

describe("limits", () => {
  test("chance spreads the waits between half and one and a half", async () => {
    for (const [random, first] of [
      [0, 125],
      [0.999, 374.75],
    ] as const) {
      const { sendsar, waits } = createTestSendsar(api.apiUrl, {}, { random: () => random });
      api.plan(cutting, answering(200, user));
      await sendsar.users.get("ann");
      expect(waits).toEqual([first]);
    }
  });

  test("no answer within its time rejects with timeout", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl, { timeoutMs: 50, retriesMax: 1 });
    api.plan(hanging);
    expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({
      code: "timeout",
      message: "unable to call GET /users/:userId; no answer within 0.05 s",
    });
    expect(api.requests.length).toBe(2);
  });

  test.each([{ timeoutMs: -1 }, { timeoutMs: Number.NaN }, { retriesMax: Infinity }, { retryMsMax: -5 }])(
    "%o is refused",
    async (options) => {
      const { sendsar } = createTestSendsar(api.apiUrl);
      api.plan(answering(200, {}));
      expect(await failureOf(sendsar.users.get("ann", options))).toMatchObject({ code: "invalid_options" });
      expect(() => createTestSendsar(api.apiUrl, options)).toThrow("must be a number of 0 or more");
      expect(api.requests).toEqual([]);
    },
  );
});
