import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { CacheChange } from "../../src/kube/cache.ts";
import type { KubeClientLimits } from "../../src/kube/create-kube-client.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import type { WatchMetrics } from "../../src/kube/engine-metrics.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { createKubeAccess } from "../../src/kube/kube-config.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { Reflector } from "../../src/kube/reflector.ts";
import { createReflector } from "../../src/kube/reflector.ts";
import type { ApiServerDouble, ConfigMap } from "./api-server-double.ts";
import { configMaps, openApiServerDouble, toStatus } from "./api-server-double.ts";

interface Scene extends AsyncDisposable {
  readonly reflector: Reflector<ConfigMap>;
  readonly client: KubeClient;
  /** `+one`, `~one`, `-one` */
  readonly changes: string[];
  readonly errors: unknown[];
  /** Milliseconds that it wanted to wait; they pass fifty times as fast. */
  readonly waits: number[];
  readonly counts: { lists: number; reconnects: number; handlerErrors: number };
  readonly stop: AbortController;
  readonly run: Promise<void>;
  /** Waits until the cache has these names and no others. */
  holds(...names: string[]): Promise<void>;
}

const real = createRealClock();
let server: ApiServerDouble;
const scenes: Scene[] = [];

const start = (limits: Partial<KubeClientLimits> = {}, load = () => server.config()): Scene => {
  const client = createKubeClient({ access: createKubeAccess(real, load), clock: real, limits });
  const waits: number[] = [];
  const errors: unknown[] = [];
  const counts = { lists: 0, reconnects: 0, handlerErrors: 0 };
  const metrics: WatchMetrics = {
    listed: () => void counts.lists++,
    reconnected: () => void counts.reconnects++,
    handlerError: () => void counts.handlerErrors++,
    event: () => undefined,
    observeAge: () => undefined,
  };
  const clock = {
    ...real,
    random: () => 0,
    sleep: async (ms: number, signal?: AbortSignal) => {
      waits.push(ms);
      await real.sleep(ms / 50, signal);
    },
  };
  const onError = (error: unknown): void => void errors.push(error);
  const reflector = createReflector({ client, clock, resource: configMaps, namespace: "acme", metrics, onError });
  const changes: string[] = [];
  reflector.onChange(({ key, before, after }: CacheChange<ConfigMap>) => {
    changes.push((before ? (after ? "~" : "-") : "+") + key.slice("acme/".length));
  });
  const stop = new AbortController();
  const run = reflector.run(stop.signal);
  const scene: Scene = {
    reflector,
    client,
    changes,
    errors,
    waits,
    counts,
    stop,
    run,
    async holds(...names) {
      const held = (): string[] => reflector.cache.list().map(({ metadata }) => metadata.name);
      const isHeld = (): boolean => held().toSorted().join() === names.toSorted().join();
      if (!(await waitUntil(isHeld, { limitMs: 10_000, everyMs: 5 }))) throw new Error(`it holds ${held().join()}`);
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("stop"));
      await run;
      await client[Symbol.asyncDispose]();
    },
  };
  scenes.push(scene);
  return scene;
};
beforeEach(async () => {
  server = await openApiServerDouble();
});
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
const lists = (): number => server.requests.filter(({ query }) => !query.has("watch")).length;
const watches = (): ApiServerDouble["requests"] => server.requests.filter(({ query }) => query.has("watch"));
const isWatch = ({ query }: { readonly query: URLSearchParams }): boolean => query.has("watch");

describe("a reflector", () => {
  test("has what the server has, and tells every change once", async () => {
    server.put("one");
    const scene = start();
    await scene.reflector.synced();
    await server.watchesReach(1);
    server.put("two");
    server.put("one", "changed");
    server.remove("two");
    server.put("three");
    await scene.holds("one", "three");
    expect(scene.changes).toEqual(["+one", "+two", "~one", "-two", "+three"]);
    expect(scene.reflector.cache.get("acme/one")?.data).toEqual({ data: "changed" });
    expect(scene.errors).toEqual([]);
  });

  test("who asks later hears first of what is there", async () => {
    server.put("one");
    const scene = start();
    await scene.reflector.synced();
    const keys: string[] = [];
    scene.reflector.onChange(({ key }) => keys.push(key));
    expect(keys).toEqual(["acme/one"]);
  });

  test("E11: it lists in pages, and watches with bookmarks and a time limit of 5 to 10 minutes", async () => {
    for (let n = 0; n < 1100; n++) server.put(`c${n}`);
    const scene = start();
    await scene.reflector.synced();
    await server.watchesReach(1);
    expect(scene.reflector.cache.list().length).toBe(1100);
    const listed = server.requests.filter((request) => !isWatch(request)).map(({ query }) => query.toString());
    expect(listed).toEqual(["limit=500", "limit=500&continue=500", "limit=500&continue=1000"]);
    const [query] = watches().map((request) => Object.fromEntries(request.query));
    expect(query).toMatchObject({ watch: "true", allowWatchBookmarks: "true", resourceVersion: "1200" });
    expect(Number(query?.["timeoutSeconds"])).toBeGreaterThanOrEqual(300);
    expect(Number(query?.["timeoutSeconds"])).toBeLessThanOrEqual(600);
  });

  test("E11: a bookmark moves the place from which the next watch goes on", async () => {
    const scene = start();
    await scene.reflector.synced();
    await server.watchesReach(1);
    server.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "777" } } })}\n`);
    server.endWatches();
    await waitUntil(() => watches().length === 2, { limitMs: 5000 });
    expect(watches()[1]?.query.get("resourceVersion")).toBe("777");
    expect(lists()).toBe(1);
  });

  test("E3, pitfall 1: a broken connection is followed by a new watch from where it was, and nothing is missed", async () => {
    server.put("one");
    const scene = start();
    await server.watchesReach(1);
    server.put("two");
    await scene.holds("one", "two");
    server.cutWatches();
    server.put("three");
    server.remove("one");
    await scene.holds("two", "three");
    expect([lists(), scene.counts.lists, scene.counts.reconnects]).toEqual([1, 1, 1]);
    expect(scene.errors.map(String)).toEqual([
      "KubeUnreachable: unable to watch configmaps acme; the connection broke",
    ]);
    expect(scene.changes).toEqual(["+one", "+two", "+three", "-one"]);
  });

  test("E4: a watch that is answered 429 waits as long as it is asked to", async () => {
    let refusals = 1;
    server.reply((request) =>
      isWatch(request) && refusals-- > 0 ? { status: 429, headers: { "retry-after": "9" } } : undefined,
    );
    const scene = start();
    await server.watchesReach(1);
    server.put("one");
    await scene.holds("one");
    expect(scene.waits).toEqual([9000]);
    expect(lists()).toBe(1);
  });

  test("E4, pitfall 5: a token that is not good any more is read again, and the watch goes on", async () => {
    let token = "old";
    const scene = start({}, () => server.config({ token }));
    await server.watchesReach(1);
    token = "new";
    server.reply(({ headers }) => (headers.authorization === "Bearer new" ? undefined : { status: 401 }));
    server.cutWatches();
    await waitUntil(() => server.requests.at(-1)?.headers.authorization === "Bearer new", { limitMs: 5000 });
    server.put("one");
    await scene.holds("one");
    expect(lists()).toBe(1);
  });

  test("E5: it is synced when a list was answered, and not before", async () => {
    let failures = 3;
    server.reply(() => (failures-- > 0 ? { status: 500 } : undefined));
    const scene = start();
    let isSynced = false;
    const synced = scene.reflector.synced().then(() => {
      isSynced = true;
    });
    await waitUntil(() => scene.errors.length === 2, { limitMs: 5000, everyMs: 2 });
    expect([isSynced, scene.reflector.cache.synced]).toEqual([false, false]);
    await synced;
    expect(scene.reflector.cache.synced).toBe(true);
    expect(scene.waits).toEqual([800, 1600, 3200]);
  });

  test("E6: an error that comes as an event is told, and the watch is opened again without a list", async () => {
    const scene = start();
    await server.watchesReach(1);
    server.write(`${JSON.stringify({ type: "ERROR", object: toStatus(500, "etcd is away") })}\n`);
    await waitUntil(() => watches().length === 2, { limitMs: 5000 });
    expect(scene.errors).toMatchObject([{ status: 500, message: "etcd is away" }]);
    expect(lists()).toBe(1);
  });

  test.each(["event", "status"])("E7: 410 as %s is one list, which finds what was missed", async (form) => {
    server.put("gone");
    server.put("kept");
    server.put("edited");
    const scene = start();
    await server.watchesReach(1);
    await scene.reflector.synced();
    // Nobody watches while all this happens.
    server.goDown();
    server.remove("gone");
    server.put("edited", "new");
    server.put("made");
    server.compact();
    let expired = form === "status" ? 1 : 0;
    server.reply((request) => (isWatch(request) && expired-- > 0 ? { status: 410 } : undefined));
    server.comeUp();
    await scene.holds("kept", "edited", "made");
    await server.watchesReach(1);
    expect(scene.changes.slice(3)).toEqual(["-gone", "~edited", "+made"]);
    expect(scene.counts.lists).toBe(2);
    server.put("later");
    await scene.holds("kept", "edited", "made", "later");
  });

  test("E8, pitfall 2: stopped while it watches, it ends without an error and comes back by nothing", async () => {
    const scene = start();
    await server.watchesReach(1);
    scene.stop.abort(new Error("stop"));
    await scene.run;
    await server.watchesReach(0);
    // What another one hears of meanwhile is past it.
    const other = start();
    await server.watchesReach(1);
    server.put("one");
    await other.holds("one");
    expect([scene.errors, scene.changes, watches().length]).toEqual([[], [], 2]);
  });

  test("E9: stopped while the watch is being opened, or between two events of a packet, it tells nothing more", async () => {
    server.put("one");
    const scene = start();
    await server.watchesReach(1);
    scene.reflector.onChange(({ key }) => {
      if (key === "acme/two") scene.stop.abort(new Error("stop"));
    });
    const line = (name: string): string =>
      `${JSON.stringify({ type: "ADDED", object: { metadata: { name, namespace: "acme", resourceVersion: "999" } } })}\n`;
    server.write(line("two") + line("three"));
    await scene.run;
    expect(scene.changes).toEqual(["+one", "+two"]);
    expect(scene.reflector.cache.get("acme/three")).toBeUndefined();

    const connecting = start();
    connecting.stop.abort(new Error("stop"));
    await connecting.run;
    const other = start();
    await other.holds("one");
    expect(connecting.changes).toEqual([]);
    await expect(connecting.reflector.synced()).rejects.toThrow("unable to list configmaps; the reflector was stopped");
  });

  test("E10, pitfall 3: a handler that throws is counted, and neither the others nor the next change miss anything", async () => {
    const scene = start();
    const heard: string[] = [];
    scene.reflector.onChange(() => {
      throw new Error("bad handler");
    });
    scene.reflector.onChange(({ key }) => heard.push(key));
    await server.watchesReach(1);
    server.put("one");
    server.put("two");
    await scene.holds("one", "two");
    expect(heard).toEqual(["acme/one", "acme/two"]);
    expect(scene.counts.handlerErrors).toBe(2);
    expect(scene.errors.map(String)).toEqual(["Error: bad handler", "Error: bad handler"]);
  });

  test("§5.3 half-open: a watch on which nothing comes is given up and opened again", async () => {
    const scene = start({ watchSilenceMs: 150 });
    await server.watchesReach(1);
    await waitUntil(() => watches().length >= 2, { limitMs: 5000 });
    expect(String(scene.errors[0])).toMatch(/nothing was heard for 150 ms/);
    server.put("one");
    await scene.holds("one");
    expect(lists()).toBe(1);
  });

  test("pitfall 2: a server that ends every watch at once is asked less and less often", async () => {
    const scene = start();
    server.reply((request) => (isWatch(request) ? { status: 200, headers: {}, body: undefined } : undefined));
    await waitUntil(() => scene.waits.length >= 6, { limitMs: 10_000 });
    expect(scene.waits.slice(0, 6)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600]);
  });

  test("pitfall 25: an edit of annotations or labels is a change, though the generation stays", async () => {
    const scene = start();
    await server.watchesReach(1);
    const told: CacheChange<ConfigMap>[] = [];
    scene.reflector.onChange((change) => told.push(change));
    const line = (type: string, resourceVersion: string, annotations: object): string => {
      const metadata = { name: "one", namespace: "acme", generation: 1, resourceVersion, annotations };
      return `${JSON.stringify({ type, object: { metadata } })}\n`;
    };
    server.write(line("ADDED", "901", {}) + line("MODIFIED", "902", { paused: "true" }));
    await waitUntil(() => told.length === 2, { limitMs: 5000 });
    expect(told[1]?.before?.metadata.annotations).toEqual({});
    expect(told[1]?.after?.metadata.annotations).toEqual({ paused: "true" });
  });

  test("pitfall 18: who owns which field is not kept", async () => {
    server.put("one");
    const scene = start();
    await scene.reflector.synced();
    expect(scene.reflector.cache.get("acme/one")?.metadata).not.toHaveProperty("managedFields");
  });

  test("§5.3 watch chaos: whatever happens to it, in the end it has what the server has, and told how it came there", async () => {
    let seed = 11;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const told = new Map<string, ConfigMap>();
    const scene = start({ perSecond: 10_000, burst: 10_000 });
    scene.reflector.onChange(({ key, before, after }) => {
      expect(told.get(key)).toBe(before);
      if (after) told.set(key, after);
      else told.delete(key);
    });
    const expected = new Map<string, string>();
    const faults = [
      () => server.cutWatches(),
      () => server.endWatches(),
      () => server.compact(),
      () => server.goDown(),
      () => server.write("{no json\n"),
      () => server.reply(() => ({ status: [401, 429, 500, 503][Math.floor(random() * 4)] ?? 500 })),
    ];
    for (let step = 0; step < 300; step++) {
      const name = `c${Math.floor(random() * 20)}`;
      if (random() < 0.3) {
        server.remove(name);
        expected.delete(name);
      } else {
        server.put(name, String(step));
        expected.set(name, String(step));
      }
      if (random() < 0.1) faults[Math.floor(random() * faults.length)]?.();
      if (random() < 0.2) await real.sleep(random() * 40);
      if (random() < 0.2) {
        server.comeUp();
        server.reply(() => undefined);
      }
    }
    server.comeUp();
    server.reply(() => undefined);
    const state = (): string[] => [...told].map(([key, { data }]) => `${key} ${data?.["data"]}`).toSorted();
    const wanted = [...expected].map(([name, data]) => `acme/${name} ${data}`).toSorted();
    await waitUntil(() => state().join() === wanted.join(), { limitMs: 15_000 });
    expect(state()).toEqual(wanted);
    expect(scene.counts.handlerErrors).toBe(0);
  });
});
