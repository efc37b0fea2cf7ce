import type { V1Deployment, V2HorizontalPodAutoscaler } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { findCondition, openOperatorScene } from "./operator-scene.ts";

describeKube("the number of gateways", (place) => {
  const scene = openOperatorScene(place);
  const findAutoscaler = (name: string) =>
    place.api.find<V2HorizontalPodAutoscaler>(
      scene.pathOf("autoscaling/v2/horizontalpodautoscalers", `${name}-gateway`),
    );
  /** All numbers that the Deployment had while the work was done. */
  const watchReplicas = async (name: string, work: () => Promise<void>): Promise<readonly (number | undefined)[]> => {
    const stop = new AbortController();
    const seen: (number | undefined)[] = [];
    const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments?fieldSelector=metadata.name=${name}-gateway`;
    const watching = (async () => {
      for await (const { object } of place.api.watch<V1Deployment>(path, stop.signal)) seen.push(object.spec?.replicas);
    })().catch(() => undefined);
    await waitUntil(() => seen.length > 0, { limitMs: 15_000 });
    await work();
    stop.abort();
    await watching;
    return seen;
  };
  const scaleWrites = () =>
    scene.proxy.writes(({ resource, subresource }) => resource === "deployments" && subresource === "scale");

  test("§2.5 on and off again, the number never drops on the way (pitfall 8)", async () => {
    await scene.createTenant("acme", { gateway: { replicas: 3 } });
    await scene.waitForReady("acme");
    const autoscaling = { minReplicas: 2, maxReplicas: 6, cpuUtilization: 70 };
    const seen = await watchReplicas("acme", async () => {
      await scene.patchTenant("acme", { spec: { gateway: { autoscaling } } });
      await scene.waitForReady("acme");
      expect((await findAutoscaler("acme"))?.spec?.maxReplicas).toBe(6);
      await scene.patchTenant("acme", { spec: { gateway: { autoscaling: null } } });
      const gone = await waitUntil(async () => (await findAutoscaler("acme")) === undefined, { limitMs: 15_000 });
      expect(gone).toBe(true);
      await scene.waitForReady("acme");
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([3]));
  });

  test("§5.3 autoscale: while it is on the operator writes no number, whatever the autoscaler makes of it", async () => {
    await scene.createTenant("auto", {
      gateway: { autoscaling: { minReplicas: 1, maxReplicas: 6, cpuUtilization: 70 } },
    });
    await scene.waitForReady("auto");
    scene.proxy.reset();
    // As the autoscaler does it.
    await place.kubectl("scale", "deployment/auto-gateway", "--replicas=4");
    await place.kubectl("rollout", "status", "deployment/auto-gateway", "--timeout=30s");
    await scene.patchTenant("auto", { spec: { gateway: { autoscaling: { maxReplicas: 5 } } } });
    await scene.waitForReady("auto");
    await scene.visitOnce("auto");
    expect(scaleWrites()).toEqual([]);
    expect((await scene.readDeployment("auto")).spec?.replicas).toBe(4);
  });

  test("without one a number that somebody sets by hand is put right, and kubectl scale of the Tenant counts", async () => {
    await scene.createTenant("fixed", { gateway: { replicas: 2 } });
    await scene.waitForReady("fixed");
    await place.kubectl("scale", "deployment/fixed-gateway", "--replicas=7");
    const back = await waitUntil(async () => (await scene.readDeployment("fixed")).spec?.replicas === 2, {
      limitMs: 2000,
    });
    expect(back).toBe(true);
    await place.kubectl("scale", "tenant/fixed", "--replicas=4");
    await scene.waitForTenant("fixed", ({ status }) => status?.gateway?.readyReplicas === 4);
  });

  test("§2.2 connections without a custom metrics API: the CPU decides, the condition says so, Ready does not care", async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 5000 };
    await scene.createTenant("crowd", { gateway: { autoscaling } });
    const tenant = await scene.waitForReady("crowd");
    // This cluster does not measure the CPU either: once the autoscaler has noticed, that is what is told.
    expect(findCondition(tenant, "AutoscalingActive")?.status).toBe("False");
    expect(["CustomMetricsUnavailable", "ScalingFailed"]).toContain(findCondition(tenant, "AutoscalingActive")?.reason);
    expect((await findAutoscaler("crowd"))?.spec?.metrics?.map(({ type, resource }) => [type, resource?.name])).toEqual(
      [["Resource", "cpu"]],
    );
  });

  test("a suspended Tenant sleeps at 0 without an autoscaler, and wakes at its minimum", async () => {
    const autoscaling = { minReplicas: 2, maxReplicas: 4, cpuUtilization: 70 };
    await scene.createTenant("sleepy", { gateway: { autoscaling } });
    await scene.waitForReady("sleepy");
    await scene.patchTenant("sleepy", { spec: { suspend: true } });
    const tenant = await scene.waitForTenant(
      "sleepy",
      (found) => findCondition(found, "Ready")?.reason === "Suspended",
    );
    expect(findCondition(tenant, "GatewayAvailable")).toMatchObject({ status: "False", reason: "Suspended" });
    const asleep = await waitUntil(async () => (await scene.readDeployment("sleepy")).status?.replicas === undefined, {
      limitMs: 15_000,
    });
    expect(asleep).toBe(true);
    expect(await findAutoscaler("sleepy")).toBeUndefined();
    await scene.patchTenant("sleepy", { spec: { suspend: false } });
    await scene.waitForReady("sleepy");
    expect((await scene.readDeployment("sleepy")).spec?.replicas).toBe(2);
    expect(await findAutoscaler("sleepy")).toBeDefined();
  });
});
