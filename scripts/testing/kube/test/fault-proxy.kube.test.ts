import type { V1ConfigMap } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../../process/wait.ts";
import { describeKube } from "../describe-kube.ts";
import type { FaultProxy } from "../fault-proxy.ts";
import { openFaultProxy } from "../fault-proxy.ts";
import type { ApiEvent, KubeApi } from "../kube-api.ts";
import { openKubeApi } from "../kube-api.ts";
import { createServiceAccount, loginOf } from "../service-account.ts";

describeKube("the fault proxy", (place) => {
  let proxy: FaultProxy;
  let api: KubeApi;
  let path: string;
  beforeAll(async () => {
    proxy = await openFaultProxy(place);
    const account = { namespace: place.namespace, name: "client" };
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }];
    await createServiceAccount(place.api, place, account, { rules });
    api = await openKubeApi(await loginOf(place.api, proxy, account));
    path = `/api/v1/namespaces/${place.namespace}/configmaps`;
  });
  beforeEach(() => proxy.reset());
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  const refusalOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
  /** A client may find one more connection of its pool broken. */
  const answersSoon = (): Promise<boolean> =>
    waitUntil(async () => !((await refusalOf(api.get(path))) instanceof Error), { limitMs: 5000 });
  const create = (name: string) => api.post(path, { metadata: { name } });

  test("records each call with what came of it", async () => {
    await create("one");
    await refusalOf(create("one"));
    await api.get(`${path}/one`);
    await refusalOf(api.get(`/api/v1/namespaces/${place.namespace}/secrets`));
    const lines = proxy.recorded().map(({ verb, resource, name, status }) => `${verb} ${resource} ${name} ${status}`);
    expect(lines).toEqual([
      "create configmaps  201",
      "create configmaps  409",
      "get configmaps one 200",
      "list secrets  403",
    ]);
    expect(proxy.writes()).toHaveLength(2);
    expect(proxy.recorded(({ namespace }) => namespace !== place.namespace)).toEqual([]);
  });

  test("answers errors in place of the server, as often as it is told and only to what matches", async () => {
    proxy.inject({ match: ({ verb }) => verb === "create", times: 2, status: 409 });
    expect(await refusalOf(create("two"))).toMatchObject({ status: 409, reason: "Conflict" });
    expect(await api.find(`${path}/two`)).toBeUndefined();
    expect(await refusalOf(create("two"))).toMatchObject({ status: 409, reason: "Conflict" });
    await create("two");
    expect(proxy.writes().map(({ injected }) => injected)).toEqual([true, true, false]);
    proxy.inject({ status: 429, retryAfterSeconds: 1 });
    expect(await refusalOf(api.get(path))).toMatchObject({ status: 429, reason: "TooManyRequests" });
  });

  test("delays", async () => {
    proxy.inject({ times: 1, delayMs: 300 });
    const startedAt = performance.now();
    await api.get(path);
    expect(performance.now() - startedAt).toBeGreaterThan(295);
  });

  test("puts an error between two events of a watch, and ends it", async () => {
    await using watch = openWatch(api, path);
    await waitUntil(() => proxy.openWatches() === 1, { limitMs: 5000 });
    await create("three");
    await waitUntil(() => watch.events.some(({ object }) => object.metadata?.name === "three"), { limitMs: 5000 });
    expect(proxy.failWatches(({ resource }) => resource === "secrets")).toBe(0);
    expect(proxy.failWatches()).toBe(1);
    expect(await watch.ended).toBeUndefined();
    expect(watch.events.at(-1)).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    expect(proxy.openWatches()).toBe(0);
  });

  test("cuts what is open, and lets new calls through", async () => {
    await using watch = openWatch(api, path);
    await waitUntil(() => proxy.openWatches() === 1, { limitMs: 5000 });
    proxy.cut();
    expect(await watch.ended).toBeInstanceOf(Error);
    expect(await answersSoon()).toBe(true);
  });

  test("stalls: no byte passes until it resumes", async () => {
    await api.get(path);
    proxy.stall();
    let answered = false;
    const call = api.get(path).then(() => (answered = true));
    expect(await waitUntil(() => answered, { limitMs: 400 })).toBe(false);
    proxy.resume();
    expect(await call).toBe(true);
  });

  test("is down, and comes up", async () => {
    proxy.goDown();
    expect(await refusalOf(api.get(path))).toBeInstanceOf(Error);
    expect(proxy.recorded()).toEqual([]);
    proxy.comeUp();
    expect(await answersSoon()).toBe(true);
    expect(proxy.recorded().map(({ status }) => status)).toEqual([200]);
  });
});

interface Watch extends AsyncDisposable {
  readonly events: readonly ApiEvent<V1ConfigMap>[];
  /** With what broke it, or nothing. */
  readonly ended: Promise<unknown>;
}

const openWatch = (api: KubeApi, path: string): Watch => {
  const stop = new AbortController();
  const events: ApiEvent<V1ConfigMap>[] = [];
  const read = async (): Promise<void> => {
    for await (const event of api.watch<V1ConfigMap>(path, stop.signal)) events.push(event);
  };
  const ended = read().catch((error: unknown) => error);
  return {
    events,
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
};
