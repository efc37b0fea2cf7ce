import { afterAll, beforeAll, expect, test } from "vitest";
import { assembleSendsar } from "../src/client.ts";
import { realDeps } from "../src/deps.ts";
import { type ApiDouble, answering, hanging, refusing, startApiDouble } from "./api-double.ts";
import { canaryKey, createTestSendsar, failureOf } from "./test-sendsar.ts";

let api: ApiDouble;

beforeAll(async () => {
  api = await startApiDouble();
});
afterAll(() => api[Symbol.asyncDispose]());

const aborted = { code: "aborted", message: "unable to call GET /users/:userId; it was told to stop" };

test.each(["of the call", "of the client"])("a signal %s ends a call that is under way", async (whose) => {
  const controller = new AbortController();
  const { signal } = controller;
  const { sendsar } = createTestSendsar(api.apiUrl, whose === "of the client" ? { signal } : {});
  api.plan(hanging);
  const failure = failureOf(sendsar.users.get("ann", whose === "of the call" ? { signal } : {}));
  await expect.poll(() => api.requests.length).toBe(1);
  controller.abort();
  expect(await failure).toMatchObject(aborted);
  expect(api.requests.length).toBe(1);
});

test("a signal ends the wait for the next try", async () => {
  const controller = new AbortController();
  const sendsar = assembleSendsar(realDeps, { apiUrl: api.apiUrl, apiKey: canaryKey });
  api.plan(refusing(429, "rate_limited", { "retry-after": "20" }));
  const startedAt = performance.now();
  const failure = failureOf(sendsar.users.get("ann", { signal: controller.signal }));
  await expect.poll(() => api.requests.length).toBe(1);
  controller.abort();
  expect(await failure).toMatchObject(aborted);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test("a signal that is aborted already lets nothing out", async () => {
  const { sendsar } = createTestSendsar(api.apiUrl, { signal: AbortSignal.abort() });
  api.plan(answering(200, {}));
  expect(await failureOf(sendsar.users.get("ann"))).toMatchObject(aborted);
  expect(api.requests).toEqual([]);
});

test("a signal that lives long keeps nothing of the calls that are done", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args));
  const { sendsar } = createTestSendsar(api.apiUrl, { signal });
  api.plan(refusing(503, "overloaded"), refusing(503, "overloaded"), answering(200, {}));
  await sendsar.users.get("ann");
  expect(listeners).toBe(0);
});

test("a fetch of the app's own that does not know signals cannot hold a call", async () => {
  const never = (): Promise<Response> => new Promise(() => {});
  const { sendsar } = createTestSendsar(api.apiUrl, { fetch: never, timeoutMs: 50, retriesMax: 0 });
  expect(await failureOf(sendsar.users.get("ann"))).toMatchObject({ code: "timeout" });
});
