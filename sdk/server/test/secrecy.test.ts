import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../scripts/process/ports.ts";
import { type ApiDouble, answering, cutting, hanging, refusing, startApiDouble } from "./api-double.ts";
import { canaryKey, createTestSendsar, failureOf } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

/** Everything that a log could make of a value. */
const shown = (value: unknown): string => {
  const ownFields = value instanceof Error ? JSON.stringify(value, Object.getOwnPropertyNames(value)) : "";
  const text = value instanceof Error ? `${value} ${value.stack}` : String(value);
  return [inspect(value, { depth: Infinity, showHidden: true }), JSON.stringify(value), ownFields, text].join("\n");
};

describe("K02 the API key is shown by nothing", () => {
  test("no error, whatever goes wrong", async () => {
    const echo = refusing(
      400,
      "invalid_request",
      {},
      {
        error: `x-api-key ${canaryKey} is odd`,
        requestId: canaryKey,
        details: [{ path: canaryKey, message: canaryKey }],
      },
    );
    const gone = `http://127.0.0.1:${await freePort()}/v1`;
    const leaky = (): Promise<Response> =>
      Promise.reject(new Error(`unable to send x-api-key: ${canaryKey}`, { cause: new Error(canaryKey) }));
    const failures = [];
    for (const behaviour of [echo, cutting, hanging, answering(500, canaryKey), answering(200, canaryKey)]) {
      api.plan(behaviour);
      const { sendsar } = createTestSendsar(api.apiUrl, {
        timeoutMs: behaviour === hanging ? 50 : 10_000,
        retriesMax: 0,
      });
      failures.push(await failureOf(sendsar.users.get("ann")));
    }
    failures.push(await failureOf(createTestSendsar(gone, { retriesMax: 0 }).sendsar.users.get("ann")));
    failures.push(await failureOf(createTestSendsar(gone, { fetch: leaky, retriesMax: 0 }).sendsar.users.get("ann")));
    expect(failures.map((error) => (error as { code: string }).code)).toEqual([
      "invalid_request",
      "network",
      "timeout",
      "http_500",
      "invalid_answer",
      "network",
      "network",
    ]);
    for (const failure of failures) expect(shown(failure)).not.toContain(canaryKey);
    expect(shown(failures[0])).toContain("x-api-key … is odd");
    expect(shown(failures[5])).toContain("ECONNREFUSED");
  });

  test("nor the client itself, and nothing is logged", async () => {
    const logs = (["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name));
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(refusing(503, "overloaded"), answering(200, {}));
    await sendsar.users.get("ann");
    expect(shown(sendsar)).not.toContain(canaryKey);
    for (const log of logs) {
      expect(log).not.toHaveBeenCalled();
      log.mockRestore();
    }
    expect(api.requests.map(({ headers }) => headers["x-api-key"])).toEqual([canaryKey, canaryKey]);
  });

  test.each([`${canaryKey}\n`, `${canaryKey} `, `${canaryKey}é`, "", "x".repeat(513), undefined as never])(
    "nor the refusal of a key that cannot be a header: %j",
    (apiKey) => {
      const create = (): unknown => createTestSendsar(api.apiUrl, { apiKey });
      expect(create).toThrow("unable to create a client; apiKey must be the tenant's API key, as in sk_…");
    },
  );
});

describe("the API key goes to the API URL and nowhere else", () => {
  test.each([301, 302, 303, 307, 308])("a redirect with %i is not followed", async (status) => {
    await using elsewhere = await startApiDouble();
    const { sendsar } = createTestSendsar(api.apiUrl);
    api.plan(answering(status, "", { location: `${elsewhere.apiUrl}/users` }));
    expect(await failureOf(sendsar.users.upsert({ id: "ann", username: "Ann" }))).toMatchObject({
      code: `http_${status}`,
      message: `unable to call POST /users; ${status}: the API URL redirects, and redirects are not followed`,
    });
    expect(elsewhere.requests).toEqual([]);
  });

  test("the store of files does not get it, and its address shows in no error", async () => {
    await using store = await startApiDouble();
    const { sendsar } = createTestSendsar(api.apiUrl, { retriesMax: 0 });
    const uploadUrl = `${store.apiUrl}/files/1?signature=secret`;
    api.plan(answering(201, { uploadId: "u1", uploadUrl, method: "PUT" }));
    store.plan(answering(403, "<Error>SignatureDoesNotMatch</Error>"));
    const file = { filename: "a.txt", mediaType: "text/plain", data: new TextEncoder().encode("hello") };
    const failure = await failureOf(sendsar.uploads.upload(file));
    expect(failure).toMatchObject({ message: "unable to put a file to the store; 403: no explanation" });
    expect(shown(failure)).not.toContain("signature=secret");
    expect(store.requests).toMatchObject([{ method: "PUT", body: "hello", headers: { "content-type": "text/plain" } }]);
    expect(shown(store.requests)).not.toContain(canaryKey);
    // And the upload is given up.
    expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /chat/uploads/presign",
      "DELETE /chat/uploads/u1",
    ]);
  });

  test.each([
    "http://user:password@localhost:3001/v1",
    "http://localhost:3001",
    "http://localhost:3001/v2",
    "http://localhost:3001/v1?x=1",
    "http://localhost:3001/v1#x",
    "ftp://localhost/v1",
    "localhost:3001/v1",
    "",
    undefined as never,
  ])("%j is refused as its address, and not shown", (apiUrl) => {
    const create = (): unknown => createTestSendsar(apiUrl);
    expect(create).toThrow(/^unable to create a client; apiUrl must be a URL as in http:\/\/localhost:3001\/v1$/);
  });

  test("one slash at its end does not matter", async () => {
    const { sendsar } = createTestSendsar(`${api.apiUrl}/`);
    api.plan(answering(200, {}));
    await sendsar.users.get("ann");
    expect(sendsar.apiUrl).toBe(api.apiUrl);
    expect(api.requests[0]?.path).toBe("/users/ann");
  });
});
