import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { Endpoint } from "@sendsar/protocol/endpoint";
import { endpoints } from "@sendsar/protocol/endpoints";
import type { OperationId } from "../src/operation.ts";
import { operations } from "../src/wire.ts";
import { type ApiDouble, answering, startApiDouble } from "./api-double.ts";
import { everyCall } from "./every-call.ts";
import { createTestSendsar } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

const keyEndpoints = Object.entries<Endpoint>(endpoints).filter(([, { auth }]) => auth !== "session");

/** Ids of the kinds that cannot stand in a path as they are. */
const subject = { userId: "ann/1:ü ?#%", roomId: "room 1", messageId: "m&1", uploadId: "u+1" };

test("every endpoint that takes an API key has a method, and nothing else has one", () => {
  const ids = keyEndpoints.map(([id]) => id).toSorted();
  expect(Object.keys(everyCall).toSorted()).toEqual(ids);
  expect(Object.keys(operations).toSorted()).toEqual(ids);
});

test("every method is one of an endpoint, or a convenience", () => {
  const { sendsar } = createTestSendsar(api.apiUrl);
  const methods = Object.entries(sendsar).flatMap(([noun, group]) =>
    typeof group === "object" ? Object.keys(group).map((name) => `${noun}.${name}`) : [],
  );
  const convenience = ["users.all", "sessions.revokeAll", "rooms.ensureDirect", "rooms.ensureGroup", "rooms.all"];
  convenience.push("rooms.find", "messages.all", "uploads.upload");
  const ofEndpoints = Object.values(everyCall).map(({ name }) => name);
  expect(methods.toSorted()).toEqual([...ofEndpoints, ...convenience].toSorted());
});

describe.each(keyEndpoints)("%s", (id, endpoint) => {
  const { name, make } = everyCall[id as OperationId];

  test(`${name} sends what the contract takes, and answers what it answers`, async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    const example = exampleOf(endpoint.response);
    api.plan(answering(endpoint.statuses[0], example));
    expect(await make(sendsar, subject)).toEqual(example);

    expect(api.requests.length).toBe(1);
    const [{ method, path, headers, body } = never()] = api.requests;
    const [pathname = "", search = ""] = path.split("?");
    const pattern = new RegExp(`^${endpoint.path.replaceAll(/:(\w+)/g, "(?<$1>[^/]+)")}$`);
    expect({ method, pathname }).toEqual({ method: endpoint.method, pathname: expect.stringMatching(pattern) });
    const params = Object.entries(pattern.exec(pathname)?.groups ?? {}).map(([key, text]) => [
      key,
      decodeURIComponent(text),
    ]);
    const input = {
      params: Object.fromEntries(params) as object,
      query: Object.fromEntries(new URLSearchParams(search)) as object,
      body: body === "" ? undefined : (JSON.parse(body) as object),
    };
    for (const part of ["params", "query", "body"] as const) {
      const schema = endpoint[part];
      if (schema === undefined) {
        expect(input[part] ?? {}).toEqual({});
        continue;
      }
      const parsed = schema.parse(input[part]) as object;
      // Nothing is sent that the contract does not know, nor left out that it does.
      expect(Object.keys(parsed)).toEqual(expect.arrayContaining(Object.keys(input[part] ?? {})));
    }
    expect(headers["x-api-key"]).toBeDefined();
    expect(headers["content-type"]).toBe(body === "" ? undefined : "application/json");
    expect(headers["user-agent"]).toMatch(/^sendsar-server-sdk\/\d+\.\d+\.\d+ node\/\d+/);
  });

  test("a repeat is safe: it reads, is the same twice, or carries a key", async () => {
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(endpoint.statuses[0], exampleOf(endpoint.response)));
    await make(sendsar, subject);
    const key = api.requests[0]?.headers["idempotency-key"];
    const needsNone = endpoint.method !== "POST" || endpoint.action === "read" || noKey.includes(id);
    expect(key).toBe(needsNone ? undefined : "id-1");
  });
});

/** Tokens are never kept by a gateway, and two harm nobody; a message has an id of its own. */
const noKey = ["createToken", "sendMessage"];

test("ids arrive as they are, and an id that would change the path is refused", async () => {
  const { sendsar } = createTestSendsar(api.apiUrl);
  api.plan(answering(200, {}));
  await sendsar.users.get(subject.userId);
  expect(api.requests[0]?.path).toBe("/users/ann%2F1%3A%C3%BC%20%3F%23%25");
  for (const id of ["", ".", "..", "\ud800", undefined as never, 7 as never]) {
    await expect(sendsar.users.get(id)).rejects.toMatchObject({
      code: "invalid_options",
      message: 'unable to call GET /users/:userId; userId must be a text that is not empty, "." or ".."',
    });
  }
  expect(api.requests.length).toBe(1);
});

test("a body that is no JSON is refused", async () => {
  const { sendsar } = createTestSendsar(api.apiUrl);
  api.plan(answering(200, {}));
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  await expect(sendsar.tenant.updateSettings(circular)).rejects.toMatchObject({ code: "invalid_options" });
  expect(api.requests).toEqual([]);
});

/** What the contract shows as an answer. */
function exampleOf(schema: z.ZodType): object {
  const [example] = (z.globalRegistry.get(schema) as { examples?: object[] } | undefined)?.examples ?? [];
  return example ?? (schema.parse({}) as object);
}

function never(): never {
  throw new Error("no request was made");
}
