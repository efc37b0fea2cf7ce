import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { FinishedRequest } from "../../src/kube/engine-metrics.ts";
import type { KubeClientOptions, RatedKubeClient } from "../../src/kube/create-kube-client.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { createKubeAccess } from "../../src/kube/kube-config.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import { leases } from "../../src/kube/lease.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { ApiServerDouble, ConfigMap } from "./api-server-double.ts";
import { configMaps, openApiServerDouble, toStatus } from "./api-server-double.ts";

const clock = createRealClock();
const ref = { namespace: "acme", name: "one" };
const object: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: ref, data: { a: "1" } };

let server: ApiServerDouble;
let finished: FinishedRequest[];
const clients: KubeClient[] = [];
const connect = (options: Partial<KubeClientOptions> = {}): RatedKubeClient => {
  const access = createKubeAccess(clock, () => server.config());
  const metrics = { finished: (request: FinishedRequest) => void finished.push(request) };
  const client = createKubeClient({ access, clock, metrics, ...options });
  clients.push(client);
  return client;
};
beforeEach(async () => {
  server = await openApiServerDouble();
  finished = [];
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
/** What a promise rejects with. */
const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const last = (): ApiServerDouble["requests"][number] => {
  const request = server.requests.at(-1);
  if (!request) throw new Error("nothing was asked");
  return request;
};

describe("the calls of the client", () => {
  test("E12, pitfall 6: an apply is a forced server-side apply of one manager, of the object or a part of it", async () => {
    const client = connect();
    await client.apply(configMaps, object, { manager: "sendsar-operator" });
    expect(last()).toMatchObject({ method: "PATCH", path: "/api/v1/namespaces/acme/configmaps/one", body: object });
    expect(last().query.toString()).toBe("fieldManager=sendsar-operator&force=true");
    expect(last().headers["content-type"]).toBe("application/apply-patch+yaml");
    await client.apply(configMaps, object, { manager: "sendsar-operator/status", subresource: "status" });
    expect(last().path).toBe("/api/v1/namespaces/acme/configmaps/one/status");
    expect(last().query.get("fieldManager")).toBe("sendsar-operator/status");
  });

  test("E12, pitfall 6: a patch is a merge patch", async () => {
    await connect().patch(configMaps, ref, { data: { a: null } }, { manager: "m", subresource: "scale" });
    expect(last()).toMatchObject({ method: "PATCH", path: "/api/v1/namespaces/acme/configmaps/one/scale" });
    expect(last().headers["content-type"]).toBe("application/merge-patch+json");
    expect([last().query.toString(), last().body]).toEqual(["fieldManager=m", { data: { a: null } }]);
  });

  test("create, replace and delete, with a precondition and a propagation", async () => {
    const client = connect();
    await client.create(configMaps, object);
    expect([last().method, last().path]).toEqual(["POST", "/api/v1/namespaces/acme/configmaps"]);
    await client.replace(configMaps, object);
    expect([last().method, last().path]).toEqual(["PUT", "/api/v1/namespaces/acme/configmaps/one"]);
    expect(await client.delete(configMaps, ref, { uid: "u1", propagation: "Foreground" })).toBe(true);
    expect(last()).toMatchObject({
      method: "DELETE",
      body: { preconditions: { uid: "u1" }, propagationPolicy: "Foreground" },
    });
  });

  test("what is not there is undefined to a get and false to a delete, and so is another object of the name", async () => {
    const client = connect();
    server.reply(() => ({ status: 404, body: toStatus(404, "not found", { reason: "NotFound" }) }));
    expect([await client.get(configMaps, ref), await client.delete(configMaps, ref)]).toEqual([undefined, false]);
    server.reply(() => ({ status: 409, body: toStatus(409, "uid", { reason: "Conflict" }) }));
    expect(await client.delete(configMaps, ref, { uid: "old" })).toBe(false);
    expect(await failureOf(client.delete(configMaps, ref))).toBeInstanceOf(KubeError);
  });

  test("pitfall 11: a list comes in pages, and its items say what they are", async () => {
    for (const name of ["one", "two", "three"]) server.put(name);
    const client = connect();
    const page = await client.list(configMaps, { namespace: "acme", limit: 2, labelSelector: "a=b" });
    expect(last().query.toString()).toBe("labelSelector=a%3Db&limit=2");
    expect(page.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])).toEqual([
      ["ConfigMap", "v1", "one"],
      ["ConfigMap", "v1", "two"],
    ]);
    expect(page.continueToken).toBe("2");
    const rest = await client.list(configMaps, { limit: 2, continueToken: "2" });
    expect([last().path, rest.items.length, rest.continueToken]).toEqual(["/api/v1/configmaps", 1, undefined]);
    expect(rest.resourceVersion).toBe("103");
  });

  test("pitfall 18: of a kind that is wanted by its metadata only, contents are not even asked for", async () => {
    const client = connect();
    const metadataOnly = { ...configMaps, metadataOnly: true };
    await client.list(metadataOnly);
    expect(last().headers.accept).toBe("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    const stop = new AbortController();
    server.put("one");
    for await (const event of client.watch(metadataOnly, { resourceVersion: "100", timeoutSeconds: 9 }, stop.signal)) {
      expect(event).toMatchObject({ type: "ADDED", object: { kind: "ConfigMap" } });
      break;
    }
    expect(last().headers.accept).toBe("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  });

  test("an answer that is no success carries its reason, Retry-After and whether the namespace goes away", async () => {
    const client = connect();
    const details = { causes: [{ reason: "NamespaceTerminating" }] };
    server.reply(() => ({ status: 403, body: toStatus(403, "being terminated", { reason: "Forbidden", details }) }));
    const forbidden = await failureOf(client.create(configMaps, object));
    expect(forbidden).toMatchObject({ status: 403, reason: "Forbidden", namespaceTerminating: true });
    expect(String(forbidden)).toContain(
      "unable to create configmaps acme; the API server answered 403: being terminated",
    );
    server.reply(() => ({ status: 429, headers: { "retry-after": "7" } }));
    expect(await failureOf(client.get(configMaps, ref))).toMatchObject({ status: 429, retryAfterMs: 7000 });
    server.reply(() => ({ status: 504, body: toStatus(504, "slow", { details: { retryAfterSeconds: 3 } }) }));
    expect(await failureOf(client.get(configMaps, ref))).toMatchObject({ status: 504, retryAfterMs: 3000 });
    server.reply(() => ({ status: 502, body: "<html>" }));
    expect(await failureOf(client.get(configMaps, ref))).toMatchObject({ status: 502, reason: "" });
  });

  test("no answer, a broken one, a late one and one that is too big are KubeUnreachable", async () => {
    const client = connect({ limits: { callMs: 200, answerBytes: 1000 } });
    for (const reply of ["cut", "hang", { status: 200, body: "x".repeat(2000) }] as const) {
      server.reply(() => reply);
      expect(await failureOf(client.get(configMaps, ref))).toBeInstanceOf(KubeUnreachable);
    }
    server.goDown();
    const refused = await failureOf(client.get(configMaps, ref));
    expect(String(refused)).toMatch(
      /^KubeUnreachable: unable to get configmaps acme\/one; the API server gave no answer/,
    );
  });

  test("what is no JSON is not quoted: it may be a Secret", async () => {
    server.reply(() => ({ status: 200, text: "c2VjcmV0" }));
    const failure = await failureOf(connect().get(configMaps, ref));
    expect(failure).toMatchObject({ message: "unable to get configmaps acme/one; the answer is no JSON" });
    expect(failure).not.toHaveProperty("cause");
  });

  test("a list that its caller gives up ends with the caller's reason", async () => {
    server.reply(() => "hang");
    const stop = new AbortController();
    const failure = failureOf(connect().list(configMaps, { signal: stop.signal }));
    const reason = new Error("given up");
    stop.abort(reason);
    expect(await failure).toBe(reason);
  });

  test("every request is counted with its status, also the one without an answer", async () => {
    const client = connect();
    await client.list(configMaps);
    server.reply(() => "cut");
    await failureOf(client.apply(configMaps, object, { manager: "m", subresource: "status" }));
    expect(finished).toMatchObject([
      { method: "GET", verb: "list", resource: "configmaps", code: "200" },
      { method: "PATCH", verb: "patch", resource: "configmaps/status", code: "<error>" },
    ]);
  });

  test("what is served is looked for once a minute, what is not every 5 s; a failure is not remembered", async () => {
    let now = 0;
    const client = connect({ clock: { ...clock, now: () => now } });
    const routes = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", plural: "httproutes" };
    server.reply(() => ({ status: 500 }));
    expect(await failureOf(client.serves(routes))).toMatchObject({ status: 500 });
    server.reply(({ path }) =>
      path === "/apis/gateway.networking.k8s.io/v1"
        ? { status: 200, body: { resources: [{ name: "httproutes" }] } }
        : { status: 404 },
    );
    const asked = server.requests.length;
    expect(await Promise.all([client.serves(routes), client.serves(routes)])).toEqual([true, true]);
    expect(await client.serves({ ...routes, plural: "grpcroutes" })).toBe(false);
    expect(server.requests.length).toBe(asked + 1);
    const scaled = { apiVersion: "keda.sh/v1", kind: "ScaledObject", plural: "scaledobjects" };
    expect(await client.serves(scaled)).toBe(false);
    now = 4_999;
    expect([await client.serves(scaled), await client.serves(routes)]).toEqual([false, true]);
    expect(server.requests.length).toBe(asked + 2);
    server.reply(() => ({ status: 200, body: { resources: [{ name: "scaledobjects" }] } }));
    now = 5_000;
    expect([await client.serves(scaled), await client.serves(routes)]).toEqual([true, true]);
    now = 59_999;
    expect(await client.serves(routes)).toBe(true);
    now = 60_000;
    expect(await client.serves(routes)).toBe(false);
    expect(server.requests.length).toBe(asked + 4);
  });

  test("a dry run sends writes to be checked only, and Leases and Events not at all", async () => {
    const client = connect({ dryRun: true });
    await client.apply(configMaps, object, { manager: "m" });
    await client.patch(configMaps, ref, {});
    await client.create(configMaps, object);
    await client.replace(configMaps, object);
    await client.delete(configMaps, ref);
    expect(server.requests.map(({ query }) => query.get("dryRun"))).toEqual(["All", "All", "All", "All", "All"]);
    const lease = { apiVersion: leases.apiVersion, kind: "Lease", metadata: ref };
    expect(await client.create(leases, lease)).toEqual(lease);
    await client.replace(leases, lease);
    await client.create({ apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events" }, lease);
    expect(server.requests.length).toBe(5);
  });
});

describe("the limits of the client", () => {
  test("E2, pitfall 4: 200 calls, one after the other, share one connection", async () => {
    const client = connect({ limits: { perSecond: 10_000, burst: 10_000 } });
    for (let n = 0; n < 200; n++) await client.list(configMaps);
    expect([server.handshakes, server.requests.length]).toEqual([1, 200]);
  });

  test("E2, pitfall 4: 200 calls at once open no more connections than the cap, and all are answered", async () => {
    const client = connect({ limits: { connections: 8, perSecond: 10_000, burst: 10_000 } });
    await Promise.all(Array.from({ length: 200 }, () => client.list(configMaps)));
    expect(server.requests.length).toBe(200);
    expect(server.handshakes).toBeLessThanOrEqual(8);
  });

  test("the rate limit holds calls back, and never the Lease", async () => {
    const client = connect({ limits: { perSecond: 0.001, burst: 2 } });
    server.reply(({ path }) => (path.includes("leases") ? { status: 200, body: {} } : undefined));
    const stop = new AbortController();
    const lists = Array.from({ length: 4 }, () => failureOf(client.list(configMaps, { signal: stop.signal })));
    expect(await Promise.all(lists.slice(0, 2))).toEqual([undefined, undefined]);
    for (let n = 0; n < 5; n++) expect(await client.get(leases, ref)).toEqual({});
    expect(server.requests.length).toBe(7);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await Promise.all(lists.slice(2))).toEqual([reason, reason]);
  });

  test("§5.3 scale: what somebody waits for is not held back by the rate limit, but counts in it", async () => {
    const client = connect({ limits: { perSecond: 0.001, burst: 2 } });
    for (let n = 0; n < 5; n++) await client.urgent.list(configMaps);
    expect(server.requests.length).toBe(5);
    const stop = new AbortController();
    const held = failureOf(client.list(configMaps, { signal: stop.signal }));
    await client.urgent.list(configMaps);
    expect(server.requests.length).toBe(6);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await held).toBe(reason);
  });

  test("a storm of calls that get no answer, and more watches than fit, leave the Lease its own connection", async () => {
    const client = connect({ limits: { connections: 2, watchConnections: 2, callMs: 60_000 } });
    server.reply(({ path }) => (path.includes("leases") ? { status: 200, body: {} } : "hang"));
    const { signal } = new AbortController();
    const watchOnce = async (): Promise<void> => {
      const watch = client.watch(configMaps, { resourceVersion: "100", timeoutSeconds: 60 }, signal);
      for await (const event of watch) throw new Error(`unexpected ${event.type}`);
    };
    const storm = Array.from({ length: 10 }, () => [failureOf(client.list(configMaps)), failureOf(watchOnce())]).flat();
    expect(await waitUntil(() => server.requests.length === 4, { limitMs: 5000, everyMs: 5 })).toBe(true);
    expect(await client.get(leases, ref)).toBeDefined();
    await client[Symbol.asyncDispose]();
    expect((await Promise.all(storm)).every((error) => error instanceof KubeUnreachable)).toBe(true);
  });
});
