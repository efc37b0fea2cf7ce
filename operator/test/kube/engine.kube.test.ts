import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { FaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { openFaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { loginOf } from "../../../scripts/testing/kube/service-account.ts";
import { createEventRecorder } from "../../src/kube/create-event-recorder.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { loadKubeAccess } from "../../src/kube/kube-config.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import type { KubeObject, ObjectRef, Resource } from "../../src/kube/kube-object.ts";
import { createLeaderElector } from "../../src/kube/leader-elector.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { Reflector } from "../../src/kube/reflector.ts";
import { createReflector } from "../../src/kube/reflector.ts";
import type { ConfigMap } from "./api-server-double.ts";
import { configMaps } from "./api-server-double.ts";

interface WithSpec extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly data?: unknown;
}

const clock = createRealClock();
const secrets: Resource<WithSpec> = { apiVersion: "v1", kind: "Secret", plural: "secrets" };
const deployments: Resource<WithSpec> = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" };
const namespaces: Resource = { apiVersion: "v1", kind: "Namespace", plural: "namespaces" };

describeKube("the engine on a real API server", (place) => {
  let client: KubeClient;
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  beforeAll(() => {
    client = createKubeClient({ access: loadKubeAccess(clock, place.adminKubeconfig), clock });
  });
  afterAll(async () => {
    stop.abort(new Error("stop"));
    await Promise.all(running);
    await client?.[Symbol.asyncDispose]();
  });

  const toRef = (name: string): ObjectRef => ({ namespace: place.namespace, name });
  const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...toRef(name), labels: { test: "engine" } },
    data,
  });
  const reflect = async <T extends KubeObject>(resource: Resource<T>, from = client): Promise<Reflector<T>> => {
    const labelSelector = "test=engine";
    const reflector = createReflector({ client: from, clock, resource, namespace: place.namespace, labelSelector });
    running.push(reflector.run(stop.signal));
    await reflector.synced();
    return reflector;
  };
  const sees = async (condition: () => boolean): Promise<void> => {
    if (!(await waitUntil(condition, { limitMs: 10_000 }))) throw new Error("it was not seen within 10 s");
  };
  const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

  test("lists in pages, watches from there, and tells what others do with kubectl", async () => {
    for (let n = 0; n < 5; n++) await client.create(configMaps, configMap(`paged-${n}`, {}));
    const page = await client.list(configMaps, { namespace: place.namespace, labelSelector: "test=engine", limit: 2 });
    expect([page.items.length, page.items[0]?.kind]).toEqual([2, "ConfigMap"]);
    expect(page.continueToken).toBeDefined();
    const { cache } = await reflect(configMaps);
    expect(cache.list().length).toBe(5);
    await place.kubectl("annotate", "configmap/paged-0", "note=new");
    await sees(() => cache.get(`${place.namespace}/paged-0`)?.metadata.annotations?.["note"] === "new");
    await place.kubectl("delete", "configmap/paged-1");
    await sees(() => cache.list().length === 4);
    await place.kubectl("label", "configmap/paged-2", "test-");
    await sees(() => cache.list().length === 3);
  });

  test("E7, pitfall 19: told that its place is gone, it lists once; while it is behind, a get is not", async () => {
    await using proxy: FaultProxy = await openFaultProxy(place);
    const login = await loginOf(place.api, proxy, { namespace: place.namespace, name: "default" });
    const role = [
      "create",
      "rolebinding",
      "reader",
      "--clusterrole=view",
      `--serviceaccount=${place.namespace}:default`,
    ];
    await place.kubectl(...role);
    await using proxied = createKubeClient({ access: loadKubeAccess(clock, login), clock });
    const { cache } = await reflect(configMaps, proxied);
    await waitUntil(() => proxy.openWatches() === 1, { limitMs: 5000 });
    expect(proxy.failWatches()).toBe(1);
    await client.create(configMaps, configMap("while-away", {}));
    await sees(() => cache.get(`${place.namespace}/while-away`) !== undefined);
    expect(proxy.recorded(({ verb }) => verb === "list").length).toBe(2);
    proxy.stall();
    await client.create(configMaps, configMap("not-heard-of", {}));
    expect(cache.get(`${place.namespace}/not-heard-of`)).toBeUndefined();
    expect(await client.get(configMaps, toRef("not-heard-of"))).toBeDefined();
    proxy.resume();
    await sees(() => cache.get(`${place.namespace}/not-heard-of`) !== undefined);
  });

  test("pitfall 18: a Secret's content never comes with a list or a watch of metadata", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { ...toRef("hidden"), labels: { test: "engine" } } };
    await client.create(secrets, { ...secret, data: { key: "c2VjcmV0" } });
    const { cache } = await reflect({ ...secrets, metadataOnly: true });
    expect(cache.get(`${place.namespace}/hidden`)).toMatchObject({ kind: "Secret", metadata: { name: "hidden" } });
    await client.patch(secrets, toRef("hidden"), { data: { more: "c2VjcmV0" }, metadata: { labels: { more: "1" } } });
    await sees(() => cache.get(`${place.namespace}/hidden`)?.metadata.labels?.["more"] === "1");
    expect(JSON.stringify(cache.list())).not.toContain("c2VjcmV0");
    expect((await client.get(secrets, toRef("hidden")))?.data).toEqual({ key: "c2VjcmV0", more: "c2VjcmV0" });
  });

  test("pitfall 9: an apply owns what it gives, takes back what it gave before, and leaves the rest to others", async () => {
    await client.apply(configMaps, configMap("shared", { a: "1", b: "2" }), { manager: "one" });
    await client.apply(configMaps, configMap("shared", { c: "3" }), { manager: "two" });
    const after = await client.apply(configMaps, configMap("shared", { b: "4" }), { manager: "one" });
    expect(after.data).toEqual({ b: "4", c: "3" });
    const again = await client.apply(configMaps, configMap("shared", { b: "4" }), { manager: "one" });
    expect(again.metadata.resourceVersion).toBe(after.metadata.resourceVersion);
  });

  test("replicas are applied by a manager of their own, through the scale", async () => {
    const name = "scaled";
    const labels = { app: name };
    const container = { name: "web", image: "registry.invalid/web:1" };
    const template = { metadata: { labels }, spec: { containers: [container] } };
    const deployment = { ...deployments, metadata: toRef(name), spec: { selector: { matchLabels: labels }, template } };
    const { plural: _, ...object } = deployment;
    await client.apply(deployments, object as WithSpec, { manager: "one" });
    const scale: WithSpec = {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: toRef(name),
      spec: { replicas: 3 },
    };
    const scaled = await client.apply(deployments, scale, { manager: "one/scale", subresource: "scale" });
    expect(scaled).toMatchObject({ kind: "Scale", spec: { replicas: 3 } });
    await client.apply(deployments, object as WithSpec, { manager: "one" });
    expect((await client.get(deployments, toRef(name)))?.spec?.replicas).toBe(3);
  });

  test("conflicts, what is there already, what is gone, and a uid that is another's", async () => {
    const made = await client.create(configMaps, configMap("contended", {}));
    await client.patch(configMaps, toRef("contended"), { data: { a: "1" } });
    expect(await failureOf(client.replace(configMaps, made))).toMatchObject({ status: 409, reason: "Conflict" });
    const patch = { metadata: { resourceVersion: made.metadata.resourceVersion }, data: { a: "2" } };
    expect(await failureOf(client.patch(configMaps, toRef("contended"), patch))).toMatchObject({ status: 409 });
    expect(await failureOf(client.create(configMaps, made))).toBeInstanceOf(KubeError);
    const again = await failureOf(client.create(configMaps, configMap("contended", {})));
    expect(again).toMatchObject({ status: 409, reason: "AlreadyExists" });
    expect(await client.delete(configMaps, toRef("contended"), { uid: "00000000-0000-0000-0000-000000000000" })).toBe(
      false,
    );
    expect(await client.delete(configMaps, toRef("contended"), { uid: made.metadata.uid ?? "" })).toBe(true);
    expect(await client.delete(configMaps, toRef("contended"))).toBe(false);
    expect(await client.get(configMaps, toRef("contended"))).toBeUndefined();
  });

  test("pitfall 26: a namespace that is going away is told from any other refusal", async () => {
    const name = `${place.namespace}-going`;
    const ref = { namespace: name, name: "held" };
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const held = { ...configMap("held", {}), metadata: { ...ref, finalizers: ["chat.sendsar.com/test"] } };
    await client.create(configMaps, held);
    await client.delete(namespaces, { namespace: "", name });
    const isGoing = async (): Promise<boolean> => {
      const failure = await failureOf(
        client.create(configMaps, { ...held, metadata: { namespace: name, name: "late" } }),
      );
      return failure instanceof KubeError && failure.namespaceTerminating && failure.status === 403;
    };
    expect(await waitUntil(isGoing, { limitMs: 10_000 })).toBe(true);
    await client.patch(configMaps, ref, { metadata: { finalizers: null } });
  });

  test("knows which kinds are served, and leaves nothing behind in a dry run", async () => {
    expect(await client.serves(deployments)).toBe(true);
    expect(await client.serves({ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", plural: "scaledobjects" })).toBe(
      false,
    );
    await using dry = createKubeClient({ access: loadKubeAccess(clock, place.adminKubeconfig), clock, dryRun: true });
    const applied = await dry.apply(configMaps, configMap("thought", { a: "1" }), { manager: "one" });
    expect(applied.metadata.uid).toBeDefined();
    expect(await client.get(configMaps, toRef("thought"))).toBeUndefined();
  });

  test("E13: the Lease is real: kubectl shows who leads, and a stopped leader hands over at once, under a greater fence", async () => {
    const stand = (name: string) => {
      const end = new AbortController();
      const elected = Promise.withResolvers<void>();
      const elector = createLeaderElector({
        client,
        clock,
        lease: toRef("operator"),
        identity: `${name}_1`,
        onElected: () => elected.resolve(),
        onLost: () => elected.reject(new Error("lost")),
        leaseDurationMs: 5000,
        renewDeadlineMs: 4000,
        retryMs: 500,
      });
      return { elector, end, elected: elected.promise, run: elector.run(end.signal) };
    };
    const first = stand("a");
    await first.elected;
    expect(await place.kubectl("get", "lease", "operator", "-o", "jsonpath={.spec.holderIdentity}")).toBe("a_1");
    const second = stand("b");
    await waitUntil(() => second.elector.holder === "a_1", { limitMs: 5000 });
    const fence = first.elector.fence();
    first.end.abort(new Error("stop"));
    const stoppedAt = performance.now();
    await Promise.all([first.run, second.elected]);
    expect(performance.now() - stoppedAt).toBeLessThan(3000);
    expect(second.elector.fence()).toBe(fence + 1);
    second.end.abort(new Error("stop"));
    await second.run;
  });

  test("pitfall 22: kubectl describe shows an Event, and how often it happened", async () => {
    const about = await client.create(configMaps, configMap("eventful", {}));
    const reporter = { controller: "chat.sendsar.com/operator", instance: "operator-1" };
    await using recorder = createEventRecorder({ client, clock, ...reporter });
    const event = { type: "Warning", reason: "SomethingHappened", message: "it happened" } as const;
    for (let n = 0; n < 3; n++) {
      recorder.record(about, event);
      await recorder.flushed();
    }
    recorder.record(about, { ...event, type: "Normal", reason: "SomethingElse" });
    await recorder.flushed();
    const described = await place.kubectl("describe", "configmap", "eventful");
    expect(described).toMatch(
      /Warning +SomethingHappened +\S+ \(x3 over \S+\) +chat\.sendsar\.com\/operator +it happened/,
    );
    expect(described).toMatch(/Normal +SomethingElse +\S+ +chat\.sendsar\.com\/operator +it happened/);
    expect(recorder.dropped).toBe(0);
  });
});
