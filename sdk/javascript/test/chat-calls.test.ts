import { describe, expect, test } from "vitest";
import type { ChatClient } from "../src/client.ts";
import { getRateLimits } from "../src/rate-limits.ts";
import { listDevices, registerDevice, unregisterDevice } from "../src/devices.ts";
import { getStorage } from "../src/storage-usage.ts";
import { failureOf } from "./failure-of.ts";
import { type Answer, type HeardRequest, toAnswer } from "./gateway-double.ts";
import { hurried, withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

const keyOf = ({ headers }: HeardRequest): unknown => headers["idempotency-key"];
const keys = (): unknown[] => given.gateway.requests.map(keyOf);
const busy = toAnswer(503, "overloaded", "Too much work is waiting, try again shortly");
const limited = (seconds: string): Answer => ({
  ...(toAnswer(429, "rate_limited", "Too many requests") as object),
  status: 429,
  headers: { "retry-after": seconds },
});

/** Every method that is one call: what it asks for. */
const calls: Readonly<Record<string, readonly [(chat: ChatClient) => Promise<unknown>, string, unknown?]>> = {
  getMessage: [(chat) => chat.getMessage("a/b", "m/1"), "GET /chat/rooms/a%2Fb/messages/m%2F1"],
  editMessage: [
    (chat) => chat.editMessage("r1", "m1", "new"),
    "PATCH /chat/rooms/r1/messages/m1",
    { parts: [{ type: "text", text: "new" }] },
  ],
  deleteMessage: [(chat) => chat.deleteMessage("r1", "m1"), "DELETE /chat/rooms/r1/messages/m1"],
  toggleReaction: [
    (chat) => chat.toggleReaction("r1", "m1", "👍"),
    "POST /chat/rooms/r1/messages/m1/reactions",
    { emoji: "👍" },
  ],
  pinMessage: [(chat) => chat.pinMessage("r1", "m1"), "POST /chat/rooms/r1/messages/m1/pin"],
  unpinMessage: [(chat) => chat.unpinMessage("r1", "m1"), "DELETE /chat/rooms/r1/messages/m1/pin"],
  getPinnedMessages: [(chat) => chat.getPinnedMessages("r1"), "GET /chat/rooms/r1/pinned-messages"],
  forwardMessage: [
    (chat) => chat.forwardMessage("r1", "m1", ["r2", "r3"]),
    "POST /chat/rooms/r1/messages/m1/forward",
    { targetRoomIds: ["r2", "r3"] },
  ],
  addParticipant: [
    (chat) => chat.addParticipant("r1", "cem", "Cem"),
    "POST /chat/rooms/r1/participants",
    { userId: "cem", username: "Cem" },
  ],
  removeParticipant: [(chat) => chat.removeParticipant("r1", "c:em"), "DELETE /chat/rooms/r1/participants/c%3Aem"],
  setRole: [
    (chat) => chat.setRole("r1", "cem", "OPERATOR"),
    "PATCH /chat/rooms/r1/participants/cem",
    { role: "OPERATOR" },
  ],
  clearHistory: [(chat) => chat.clearHistory("r1"), "POST /chat/rooms/r1/clear-history"],
  deleteConversation: [(chat) => chat.deleteConversation("r1"), "DELETE /chat/rooms/r1/for-me"],
  markDelivered: [
    (chat) => chat.markDelivered("r1", "m1"),
    "POST /chat/rooms/r1/delivery",
    { userId: "ann", lastDeliveredMessageId: "m1" },
  ],
  getUnread: [(chat) => chat.getUnread(), "GET /chat/unread"],
  listUnread: [(chat) => chat.listUnread(["r1"]), "POST /chat/unread", { roomIds: ["r1"] }],
  getStorage: [(chat) => getStorage(chat), "GET /tenant/storage"],
  getRateLimits: [(chat) => getRateLimits(chat), "GET /rate-limits"],
  listDevices: [(chat) => listDevices(chat), "GET /users/me/device-tokens"],
  registerDevice: [
    (chat) => registerDevice(chat, { provider: "FCM", token: "t:1" }),
    "POST /users/me/device-tokens",
    { provider: "FCM", token: "t:1" },
  ],
  unregisterDevice: [(chat) => unregisterDevice(chat, "t:1/2"), "DELETE /users/me/device-tokens/t%3A1%2F2"],
};

test.for(Object.entries(calls))("%s asks for what the contract says", async ([_, [call, request, body]]) => {
  const chat = await given.connectAs("ann");
  await call(chat);
  const [heard] = given.gateway.requests;
  expect(`${heard?.method} ${heard?.path.replace("/v1", "")}`).toBe(request);
  expect(heard?.body).toEqual(body);
  expect(given.gateway.requests).toHaveLength(1);
});

test("lists of messages are asked for on either side of a message", async () => {
  const chat = await given.connectAs("ann");
  await chat.getMessages("r1", { before: "m1", limit: 2 });
  await chat.getMessages("r1", { after: "m/1" });
  await chat.getMessages("r1", { around: "m1" });
  expect(given.gateway.requests.map(({ path }) => path.split("?")[1])).toEqual([
    "limit=2&before=m1",
    "after=m%2F1",
    "around=m1",
  ]);
});

test("files stand before the text, and the text before other parts", async () => {
  const chat = await given.connectAs("ann");
  const file = { uploadId: "u1", mediaType: "image/png", filename: "a.png", sizeBytes: 7 };
  await chat.sendMessage("r1", { parts: [{ type: "data-x" }], text: "caption", files: [file] });
  expect(given.gateway.messages[0]?.parts).toEqual([
    { type: "file", uploadId: "u1", mediaType: "image/png", filename: "a.png" },
    { type: "text", text: "caption" },
    { type: "data-x" },
  ]);
  expect(await failureOf(chat.editMessage("r1", "m1", {}))).toMatchObject({
    code: "invalid_options",
    message: "unable to edit message; it has neither text nor parts",
  });
});

describe("repeated calls", () => {
  test("[CL1] what fails for a reason that passes is tried three times, then it fails", async () => {
    const chat = await given.connectAs("ann", hurried);
    given.gateway.nextAnswers.push("cut", busy);
    await chat.editMessage("r1", "m1", "new");
    expect(given.gateway.requests).toHaveLength(3);
    given.gateway.nextAnswers.push(busy, busy, busy);
    expect(await failureOf(chat.getUnread())).toMatchObject({ code: "overloaded", status: 503 });
    expect(given.gateway.requests).toHaveLength(6);
  });

  test("[CL1] a call waits as long as Retry-After says, and fails at once when that is too long", async () => {
    const delaysMs: number[] = [];
    const chat = await given.connectAs("ann", {
      setTimer: (callback, delayMs) => {
        delaysMs.push(delayMs);
        return hurried.setTimer?.(callback, delayMs === 3000 ? 0 : delayMs) ?? (() => {});
      },
    });
    given.gateway.nextAnswers.push(limited("3"));
    await chat.pinMessage("r1", "m1");
    expect(delaysMs).toContain(3000);
    given.gateway.nextAnswers.push(limited("30"));
    expect(await failureOf(chat.pinMessage("r1", "m1"))).toMatchObject({ code: "rate_limited", retryAfterMs: 30_000 });
  });

  test("[CL2] every try of a POST carries one key, and every call another one", async () => {
    const chat = await given.connectAs("ann", hurried);
    given.gateway.nextAnswers.push("cut", toAnswer(409, "idempotency_key_in_use", "It is still under way"));
    await chat.toggleReaction("r1", "m1", "👍");
    await chat.toggleReaction("r1", "m1", "👍");
    const [first, second, third, other] = keys();
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect([second, third]).toEqual([first, first]);
    expect(other).not.toBe(first);
    expect(keys()).toHaveLength(4);
  });

  test("[CL2] what may happen twice carries no key", async () => {
    const chat = await given.connectAs("ann");
    for (const name of ["markDelivered", "listUnread", "registerDevice", "editMessage", "deleteMessage", "getUnread"]) {
      await calls[name]?.[0](chat);
    }
    await chat.markRead("r1");
    await chat.sendMessage("r1", "hello");
    expect(keys()).toEqual(Array(8).fill(undefined));
  });

  test("[CL2] any other 409 is final", async () => {
    const chat = await given.connectAs("ann", hurried);
    given.gateway.nextAnswers.push(toAnswer(409, "room_full", "This room has as many participants as it can have"));
    expect(await failureOf(chat.addParticipant("r1", "cem"))).toMatchObject({ code: "room_full" });
    expect(given.gateway.requests).toHaveLength(1);
  });

  test.for(["removeParticipant", "deleteConversation"])(
    "[CL3] %s is tried again after a 429 and after nothing else",
    async (name) => {
      const chat = await given.connectAs("ann", hurried);
      const call = calls[name]?.[0] ?? (() => Promise.resolve());
      given.gateway.nextAnswers.push(limited("0"));
      await call(chat);
      expect(given.gateway.requests).toHaveLength(2);
      given.gateway.nextAnswers.push("cut");
      expect(await failureOf(call(chat))).toMatchObject({ code: "network" });
      given.gateway.nextAnswers.push(busy);
      expect(await failureOf(call(chat))).toMatchObject({ code: "overloaded" });
      expect(given.gateway.requests).toHaveLength(4);
    },
  );
});

describe("calls that are given up", () => {
  test("[CL4] end when their signal is aborted, before, during and between tries", async () => {
    const chat = await given.connectAs("ann");
    const early = failureOf(chat.call({ method: "GET", path: "/chat/unread", signal: AbortSignal.abort() }));
    expect(await early).toMatchObject({ code: "aborted", message: "unable to call /chat/unread; it was given up" });
    expect(given.gateway.requests).toEqual([]);
    const stopping = new AbortController();
    given.gateway.hold = () => {
      stopping.abort(new Error("the page was closed"));
      return undefined;
    };
    const during = await failureOf(chat.call({ method: "GET", path: "/chat/unread", signal: stopping.signal }));
    expect(during).toMatchObject({ code: "aborted", cause: { message: "the page was closed" } });
    given.gateway.hold = undefined;
    const between = new AbortController();
    given.gateway.nextAnswers.push(busy);
    const waiting = failureOf(chat.call({ method: "GET", path: "/chat/unread", signal: between.signal }));
    await expect.poll(() => given.gateway.requests.length).toBe(2);
    between.abort();
    expect(await waiting).toMatchObject({ code: "aborted" });
  });

  test("[CL4] end at disconnect", async () => {
    const chat = await given.connectAs("ann");
    given.gateway.hold = () => chat.disconnect();
    expect(await failureOf(chat.pinMessage("r1", "m1"))).toMatchObject({ code: "aborted" });
    expect(await failureOf(chat.pinMessage("r1", "m1"))).toMatchObject({
      code: "not_connected",
      message: "unable to call /chat/rooms/r1/messages/m1/pin; call connect() first",
    });
  });
});

test("[CL5] a rejection carries everything that the answer says", async () => {
  const chat = await given.connectAs("ann");
  const details = [{ path: "parts.0.text", message: "must be text of at most 10000 characters" }];
  given.gateway.nextAnswers.push({
    status: 400,
    body: { statusCode: 400, code: "invalid_request", error: "It does not fit", message: "x", requestId: "q", details },
    headers: { "retry-after": "1" },
  });
  expect(await failureOf(chat.editMessage("r1", "m1", "new"))).toMatchObject({
    name: "SendsarError",
    message: "Sendsar /chat/rooms/r1/messages/m1 failed: 400: It does not fit",
    reason: "It does not fit",
    path: "/chat/rooms/r1/messages/m1",
    status: 400,
    code: "invalid_request",
    requestId: "q",
    retryAfterMs: 1000,
    details,
  });
});

test("an answer without a body is one to what takes something away, and to nothing else", async () => {
  const chat = await given.connectAs("ann");
  given.gateway.nextAnswers.push({ status: 200, body: "" });
  expect(await unregisterDevice(chat, "t")).toBeUndefined();
  given.gateway.nextAnswers.push({ status: 200, body: "" });
  expect(await failureOf(chat.getUnread())).toMatchObject({ code: "invalid_answer", path: "/chat/unread" });
});
