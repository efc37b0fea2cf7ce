import type { V1Deployment, V1Pod, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { createTenants, waitForQuiet, writesIn } from "../stage/fleet.ts";
import { serveConnections, serveCpu } from "../stage/measured-load.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { isReady, waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

// The autoscaler is Kubernetes' own, and so are the ReplicaSets: only what is measured is the test's.

/** The operator looks for an adapter, and at the connections, once a minute. */
const minuteMs = 75_000;
const tenant = "crowd";
const cost = "controller.kubernetes.io/pod-deletion-cost";
const discovery = "/apis/custom.metrics.k8s.io/v1beta2";

describeWithKube("§5.3 autoscale", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  /** Of a pod that is not named: what `others` says. */
  let connections: Readonly<Record<string, number>> = {};
  let others = 0;
  let broken = false;
  let emptiest = "";
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    parts.use(await serveCpu(world.kube.api, "10m"));
    operator = parts.use(await world.startOperator());
    const autoscaling = { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 100, scaleDownStabilizationSeconds: 0 };
    await createTenants(world, [tenant], { gateway: { autoscaling } });
  }, 120_000);
  afterAll(() => parts.disposeAsync());

  const gateway = (resource: string): string =>
    `${resource.replace("/NS/", `/namespaces/${world.namespace}/`)}/${tenant}-gateway`;
  const findAutoscaler = () =>
    world.kube.api.find<V2HorizontalPodAutoscaler>(gateway("/apis/autoscaling/v2/NS/horizontalpodautoscalers"));
  const readMetrics = async (): Promise<readonly string[]> =>
    ((await findAutoscaler())?.spec?.metrics ?? []).map(
      ({ resource, pods }) => resource?.name ?? pods?.metric.name ?? "",
    );
  /** What the autoscaler says of itself, with its own words. */
  const waitUntilScaling = async (): Promise<void> => {
    let found: V2HorizontalPodAutoscaler | undefined;
    const isScaling = async (): Promise<boolean> => {
      found = await findAutoscaler();
      return (
        found?.status?.conditions?.some(({ type, status }) => type === "ScalingActive" && status === "True") === true
      );
    };
    const came = await waitUntil(isScaling, { limitMs: 60_000, everyMs: 100 });
    expect(came, JSON.stringify(found?.status?.conditions)).toBe(true);
  };
  const readDeployment = () => world.kube.api.get<V1Deployment>(gateway("/apis/apps/v1/NS/deployments"));
  const waitForCondition = (status: string, reason: string, limitMs: number) =>
    waitForTenant(
      world.kube.api,
      { namespace: world.namespace, name: tenant },
      (shown) =>
        shown.status?.conditions?.some(
          (one) => one.type === "AutoscalingActive" && one.status === status && one.reason === reason,
        ) === true,
      limitMs,
    );
  /** Those that are not ending, oldest first. */
  const listPods = async (): Promise<readonly V1Pod[]> => {
    const path = `/api/v1/namespaces/${world.namespace}/pods?labelSelector=app.kubernetes.io/instance=${tenant}`;
    const { items } = await world.kube.api.get<{ items: V1Pod[] }>(path);
    return items
      .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
      .toSorted((one, other) => toAge(one) - toAge(other));
  };
  const toAge = ({ metadata }: V1Pod): number => Date.parse(String(metadata?.creationTimestamp));
  const listMarked = async (): Promise<readonly string[]> =>
    (await listPods()).filter(({ metadata }) => metadata?.annotations?.[cost] !== undefined).map(nameOf);
  const waitForPods = async (count: number, limitMs: number): Promise<readonly V1Pod[]> => {
    let found: readonly V1Pod[] = [];
    const came = await waitUntil(async () => (found = await listPods()).length === count, { limitMs });
    const { status } = (await findAutoscaler()) ?? {};
    expect(came, `${count} pods; there are ${found.length}: ${JSON.stringify(status)}`).toBe(true);
    return found;
  };
  const waitForMark = async (pod: string): Promise<void> => {
    let found: readonly string[] = [];
    const isMarked = async (): Promise<boolean> => (found = await listMarked()).length === 1 && found[0] === pod;
    await waitUntil(isMarked, { limitMs: minuteMs, everyMs: 100 });
    expect(found).toEqual([pod]);
  };

  test("while no connections are measured the CPU decides, and the condition says so", async () => {
    await waitUntilScaling();
    await waitForCondition("False", "CustomMetricsUnavailable", 10_000);
    expect(await readMetrics()).toEqual(["cpu"]);
    await waitForPods(2, 30_000);
    expect(await listMarked()).toEqual([]);
    expect(world.proxy.recorded(({ group, resource }) => group === "custom.metrics.k8s.io" && resource !== "")).toEqual(
      [],
    );
  }, 120_000);

  test("an adapter that is installed later is used within a minute, without a restart", async () => {
    others = 50;
    const measured = { connectionsOf: (pod: string) => connections[pod] ?? others };
    parts.use(await serveConnections(world.kube.api, measured, () => broken));
    const isUsed = async (): Promise<boolean> => (await readMetrics()).join() === "chat_gateway_connections";
    expect(await waitUntil(isUsed, { limitMs: minuteMs })).toBe(true);
    await waitUntilScaling();
    await waitForCondition("True", "Active", 10_000);
    expect((await readDeployment()).spec?.replicas).toBe(2);
  }, 120_000);

  test("ten times as many connections: twice as many gateways", async () => {
    const startedAt = performance.now();
    others = 500;
    // Twofold in a minute, and the first two came less than a minute ago.
    await waitForPods(4, minuteMs);
    console.log(`4 gateways after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    await waitForCondition("True", "Active", 30_000);
  }, 120_000);

  test("the emptiest has the mark, alone, and no look that changes nothing writes anything", async () => {
    // All have as many, so that the mark has no reason to move.
    await waitUntil(async () => (await listMarked()).length === 1, { limitMs: minuteMs });
    await waitForQuiet(world.proxy, 2000, 60_000);
    const [marked] = await listMarked();
    const pods = await listPods();
    // A ReplicaSet by itself would end one of two on a node, and then one of the youngest.
    const sharing = ({ spec }: V1Pod): number => pods.filter((other) => other.spec?.nodeName === spec?.nodeName).length;
    const lastToGo = pods
      .filter((pod) => nameOf(pod) !== marked)
      .toSorted((one, other) => sharing(one) - sharing(other));
    emptiest = lastToGo.map(nameOf)[0] ?? "";
    connections = { [emptiest]: 400 };
    const from = performance.now();
    await waitForMark(emptiest);
    await waitForQuiet(world.proxy, 2000, 30_000);
    const written = writesIn(world.proxy).filter(({ atMs }) => atMs >= from);
    const manager = "sendsar-operator/deletion-cost";
    expect(written.map(({ resource, name, fieldManager }) => [resource, name, fieldManager])).toEqual([
      ["pods", marked, manager],
      ["pods", emptiest, manager],
    ]);
  }, 180_000);

  test("when they drop the emptiest goes, and no other", async () => {
    const others = (await listPods()).map(nameOf).filter((pod) => pod !== emptiest);
    connections = { [emptiest]: 10, ...Object.fromEntries(others.map((pod, index) => [pod, 90 - 15 * index])) };
    const left = await waitForPods(3, 30_000);
    expect(left.map(nameOf).toSorted()).toEqual(others.toSorted());
    // The next one to go, before there is a reason to.
    await waitForMark(others.at(-1) ?? "");
  }, 120_000);

  test("an adapter that does not answer fails no visit; the metrics stay, and the condition tells", async () => {
    broken = true;
    await waitForCondition("False", "ScalingFailed", 60_000);
    await waitForTenant(world.kube.api, { namespace: world.namespace, name: tenant }, isReady, 10_000);
    // Whether it is served is remembered for a minute, so that at first only the connections cannot be read.
    for (const path of [discovery, `${discovery}/namespaces/${world.namespace}/pods/*/chat_gateway_connections`]) {
      const failed = () => world.proxy.recorded((call) => call.path === path).some(({ status = 0 }) => status >= 500);
      expect(await waitUntil(failed, { limitMs: 2 * minuteMs, everyMs: 100 }), path).toBe(true);
    }
    expect(await readMetrics()).toEqual(["chat_gateway_connections"]);
    broken = false;
    await waitForCondition("True", "Active", 60_000);
    expect(operator.log.filter((line) => line.includes("visit failed"))).toEqual([]);
  }, 240_000);

  test("through all of it the operator has written no number of gateways", async () => {
    const { metadata } = await readDeployment();
    const ours = (metadata?.managedFields ?? []).filter(({ manager = "" }) => manager.startsWith("sendsar-operator"));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('"f:replicas"'))).toEqual([]);
    expect(world.proxy.writes(({ resource }) => resource === "deployments").length).toBeGreaterThan(0);
    expect(world.proxy.writes(({ subresource }) => subresource === "scale")).toEqual([]);
  });
});

const nameOf = ({ metadata }: V1Pod): string => metadata?.name ?? "";
