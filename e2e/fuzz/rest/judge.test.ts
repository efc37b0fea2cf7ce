import { beforeAll, describe, expect, test } from "vitest";
import { createCheck } from "./check-schemas.ts";
import type { Exchange, Judge } from "./judge.ts";
import { createJudge } from "./judge.ts";
import type { Api } from "./operations.ts";
import { findOperation, readApi } from "./operations.ts";

let api: Api;
let judge: Judge;
beforeAll(async () => {
  api = await readApi();
  judge = createJudge({ api, check: createCheck(api), secrets: ["the-secret"] });
});

const requestId = "req_0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const headers = {
  "content-type": "application/json; charset=utf-8",
  "x-content-type-options": "nosniff",
  "x-request-id": requestId,
};
const wire = {
  method: "GET",
  path: "/v1/chat/unread",
  headers: [],
  body: undefined,
  isChunked: false,
  times: 1,
  sessionOf: undefined,
};
const unread = { userId: "ann", unreadCount: 1, unreadRooms: 1 };
const success = (body: unknown = unread): Exchange => ({
  caller: "right",
  wire,
  answer: { status: 200, headers, text: JSON.stringify(body) },
});
const sentence = "With an API key the acting user must be named";
const refusal = { statusCode: 400, code: "actor_required", error: sentence, message: sentence, requestId };
const failure = (change: object = {}, status = 400): Exchange => ({
  ...success(),
  answer: { status, headers, text: JSON.stringify({ ...refusal, ...change }) },
});
const withHeaders = (change: object): Exchange => {
  const { answer, ...rest } = success();
  return { ...rest, answer: { ...answer, headers: { ...headers, ...change } } };
};

describe("what the judge of answers lets pass", () => {
  test("a success and a refusal of the contract", () => {
    expect(judge(success())).toEqual([]);
    expect(judge(failure())).toEqual([]);
  });

  test("a path that leads nowhere, and one that is too long", () => {
    const text = "Not found";
    const notFound = failure({ statusCode: 404, code: "not_found", error: text, message: text }, 404);
    expect(judge({ ...notFound, wire: { ...wire, path: "/v1/nowhere" } })).toEqual([]);
    const long = "The path is too long";
    const tooLong = failure({ statusCode: 414, code: "path_too_long", error: long, message: long }, 414);
    const longPath = { ...wire, path: `/v1/users/${"x".repeat(5000)}` };
    expect(judge({ ...tooLong, wire: longPath })).toEqual([]);
    const never = "This method is not allowed here";
    const refused = failure({ statusCode: 405, code: "method_not_allowed", error: never, message: never }, 405);
    expect(judge({ ...refused, wire: { ...longPath, method: "PUT" } })).toEqual([]);
    expect(judge({ ...refused, wire: longPath })).not.toEqual([]);
  });
});

const sql = "insert into rooms violates a constraint";
const bad: Readonly<Record<string, () => Exchange>> = {
  "a body that is no JSON": () => ({ ...success(), answer: { status: 200, headers, text: "<html>" } }),
  "a field that is missing": () => success({ userId: "ann", unreadCount: 1 }),
  "a field of another type": () => success({ ...unread, unreadCount: "1" }),
  "a field that is not in the contract": () => success({ ...unread, tenantId: "own" }),
  "a secret": () => success({ ...unread, userId: "the-secret" }),
  "a status that is not documented": () => ({
    ...success(),
    answer: { status: 202, headers, text: JSON.stringify(unread) },
  }),
  "a code that is not documented for the operation": () => failure({ code: "room_full", statusCode: 409 }, 409),
  "a code that is none": () => failure({ code: "oops" }),
  "500 internal": () => failure({ code: "internal", statusCode: 500 }, 500),
  "503 without Retry-After": () => failure({ code: "overloaded", statusCode: 503 }, 503),
  "another status in the body": () => failure({ statusCode: 404 }),
  "two different texts": () => failure({ message: "Something else" }),
  "a text of its own": () => failure({ message: sql, error: sql }),
  "another request id in the body": () => failure({ requestId: "req_1" }),
  "a stack in an error": () => failure({ stack: "Error: x\n    at handler (/srv/gateway/src/http/bind.ts:10:3)" }),
  "details that show SQL": () => failure({ details: [{ path: "", message: sql }] }),
  "no nosniff": () => withHeaders({ "x-content-type-options": undefined }),
  "no request id": () => withHeaders({ "x-request-id": undefined }),
  "another content type": () => withHeaders({ "content-type": "text/html" }),
  "a caller let in that must not be": () => ({ ...success(), caller: "nobody" }),
};

test.for(Object.entries(bad))("the judge of answers finds %s", ([, make]) => {
  expect(judge(make())).not.toEqual([]);
});

test("a path leads to the operation that the router takes", () => {
  expect(findOperation(api, "GET", "/v1/users/me/device-tokens")?.id).toBe("listDevices");
  expect(findOperation(api, "GET", "/v1/users/ann/device-tokens?x=1")?.id).toBe("listUserDevices");
  expect(findOperation(api, "GET", "/v1/users/a%2fb")?.id).toBe("getUser");
  expect(findOperation(api, "GET", "/v1/users/a/b")).toBeUndefined();
  expect(findOperation(api, "GET", "/v1/users/%ff")).toBeUndefined();
  expect(findOperation(api, "GET", "/healthz")?.id).toBe("getHealth");
});
