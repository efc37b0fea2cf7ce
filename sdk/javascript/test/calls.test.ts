import { describe, expect, expectTypeOf, test } from "vitest";
import { realDeps } from "../src/deps.ts";
import type { Message } from "../src/sendsar.ts";
import { failureOf } from "./failure-of.ts";
import { toAnswer } from "./gateway-double.ts";
import { hurried, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

describe("calls", () => {
  test("carry the token, a content type only with a body, and what the API expects", async () => {
    const chat = await given.connectAs("ann");
    await chat.listRooms();
    await chat.listRooms({ limit: 5, cursor: "a b", customTypesFilter: ["support", "sales"], externalId: "order/7" });
    await chat.getRoom("a/b");
    await chat.getMessages("r1", { limit: 1, cursor: "c" });
    await chat.markRead("r1", "m1");
    await chat.markRead("r1");
    expect(given.gateway.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/chat/rooms",
      "GET /v1/chat/rooms?limit=5&cursor=a+b&externalId=order%2F7&customTypesFilter=support%2Csales",
      "GET /v1/chat/rooms/a%2Fb",
      "GET /v1/chat/rooms/r1/messages?limit=1&cursor=c",
      "POST /v1/chat/rooms/r1/read",
      "POST /v1/chat/rooms/r1/read",
    ]);
    expect(given.gateway.requests.map(({ body }) => body).slice(4)).toEqual([
      { userId: "ann", lastReadMessageId: "m1" },
      { userId: "ann" },
    ]);
    for (const { headers, body } of given.gateway.requests) {
      expect(headers["authorization"]).toBe("Bearer ann");
      expect(headers["content-type"]).toBe(body === undefined ? undefined : "application/json");
    }
  });

  test("reject with the server's reason", async () => {
    given.gateway.closedRooms.add("r1");
    const chat = await given.connectAs("ann");
    expect(await failureOf(chat.getRoom("r1"))).toMatchObject({
      message: "Sendsar /chat/rooms/r1 failed: 404: Room not found",
      reason: "Room not found",
      code: "room_not_found",
      status: 404,
      requestId: "req_1",
    });
  });

  test("reject when something else than a gateway answers", async () => {
    given.gateway.nextAnswers.push({ status: 200, body: "<html>a login page</html>" });
    const chat = await given.connectAs("ann");
    expect(await failureOf(chat.listRooms())).toMatchObject({ code: "invalid_answer", status: 200 });
  });

  test("a refused token is final when the app brought it", async () => {
    const chat = await given.connectAs("ann");
    given.gateway.badTokens.add("ann");
    expect(await failureOf(chat.listRooms())).toMatchObject({ code: "unauthorized", status: 401 });
    expect(given.gateway.requests).toHaveLength(1);
  });

  test("are given up at disconnect", async () => {
    const chat = await given.connectAs("ann");
    await given.gateway.stop();
    const call = failureOf(chat.sendMessage("r1", "hello"));
    await chat.disconnect();
    expect(await call).toMatchObject({
      code: "aborted",
      message: "unable to send message; disconnect() was called",
    });
    await given.gateway.start();
  });
});

describe("sendMessage", () => {
  test("sends text, parts, ids and the sender, and resolves with the message", async () => {
    const chat = await given.connectAs("ann");
    const message = await chat.sendMessage("r1", "hello");
    expectTypeOf(message).toEqualTypeOf<Message>();
    expect(message).toMatchObject({ roomId: "r1", senderId: "ann", parts: [{ type: "text", text: "hello" }] });
    expect(given.gateway.requests[0]?.body).toEqual({
      senderId: "ann",
      parts: [{ type: "text", text: "hello" }],
      clientMessageId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
    });
    await chat.sendMessage("r1", { text: "reply", clientMessageId: "mine", parentMessageId: message.id });
    expect(given.gateway.messages[1]).toMatchObject({ clientMessageId: "mine", parentMessageId: message.id });
  });

  test.for([
    ["the connection breaks", "cut"],
    ["the server is overloaded", toAnswer(503, "overloaded", "Too much work is waiting, try again shortly")],
    ["a proxy has no gateway", { status: 502, body: "<html>" }],
    [
      "too much was asked",
      {
        ...(toAnswer(429, "rate_limited", "Too many requests") as object),
        status: 429,
        headers: { "retry-after": "0" },
      },
    ],
  ] as const)("is tried again with the same id when %s", async ([_name, failure]) => {
    const chat = await given.connectAs("ann", hurried);
    given.gateway.nextAnswers.push(failure, failure);
    await chat.sendMessage("r1", "hello");
    const ids = given.gateway.requests.map(({ body }) => (body as { clientMessageId: string }).clientMessageId);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(given.gateway.messages).toHaveLength(1);
  });

  test("waits as long as Retry-After says", async () => {
    const delaysMs: number[] = [];
    const chat = await given.connectAs("ann", {
      setTimer: (callback, delayMs) => {
        delaysMs.push(delayMs);
        return realDeps.setTimer(callback, delayMs === 2000 ? 0 : delayMs);
      },
    });
    given.gateway.nextAnswers.push({ status: 429, body: {}, headers: { "retry-after": "2" } });
    await chat.sendMessage("r1", "hello");
    expect(delaysMs).toContain(2000);
  });

  test("a refusal is not tried again", async () => {
    const chat = await given.connectAs("ann");
    given.gateway.nextAnswers.push(toAnswer(403, "room_frozen", "This room is frozen"));
    expect(await failureOf(chat.sendMessage("r1", "hello"))).toMatchObject({ code: "room_frozen" });
    expect(given.gateway.requests).toHaveLength(1);
  });

  test("messages to a room arrive in the order of the calls, whatever happens to the first one", async () => {
    const chat = await given.connectAs("ann");
    given.gateway.nextAnswers.push("cut");
    await Promise.all(["one", "two", "three"].map((text) => chat.sendMessage("r1", text)));
    expect(given.gateway.messages.map(({ parts }) => parts[0]?.["text"])).toEqual(["one", "two", "three"]);
  });
});
