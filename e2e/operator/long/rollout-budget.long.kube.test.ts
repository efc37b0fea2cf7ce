import type { V1Deployment } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { createTenants, waitForFleet } from "../stage/fleet.ts";
import type { World } from "../stage/world.ts";
import { gatewayImages, startWorld } from "../stage/world.ts";

const names = Array.from({ length: 12 }, (_, n) => `tenant-${n + 1}`);
const budget = 3;
const env = { ROLLOUT_BUDGET: String(budget), GATEWAY_MIN_READY_SECONDS: "2" };
const rolloutsMsMax = 120_000;

describeWithKube("§5.3 rollout: an operator that is upgraded, with twelve Tenants and a budget of three", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    await using operator = await world.startOperator({ env });
    await createTenants(world, names);
    await waitForFleet(world, names.length, 60_000);
    const deployments = await listDeployments();
    await waitForDeployments(deployments, areComplete);
    expect(await operator.stop()).toBe("exit code 0");
  }, 180_000);
  afterAll(() => parts.disposeAsync());

  const path = (): string => `/apis/apps/v1/namespaces/${world.namespace}/deployments`;
  const listDeployments = (): Promise<DeploymentList> => world.kube.api.get<DeploymentList>(path());
  /** Shows all Deployments after each change, until they are as wanted. */
  const waitForDeployments = async (
    { items, metadata: { resourceVersion } }: DeploymentList,
    holds: (all: readonly V1Deployment[]) => boolean,
  ): Promise<void> => {
    const all = new Map(items.map((deployment) => [deployment.metadata?.name, deployment]));
    if (holds([...all.values()])) return;
    const signal = AbortSignal.timeout(rolloutsMsMax);
    const from = `${path()}?resourceVersion=${resourceVersion}`;
    for await (const { object } of world.kube.api.watch<V1Deployment>(from, signal)) {
      all.set(object.metadata?.name, object);
      if (holds([...all.values()])) return;
    }
    throw new Error("unable to watch Deployments; the watch has ended");
  };

  test(
    "rolls three at once and never more",
    async () => {
      const before = await listDeployments();
      await using operator = await world.startOperator({ env: { ...env, GATEWAY_IMAGE: gatewayImages[1] } });
      let most = 0;
      await waitForDeployments(before, (all) => {
        const rolling = all.filter((one) => !isComplete(one));
        most = Math.max(most, rolling.length);
        return rolling.length === 0 && all.every(hasNewImage);
      });
      expect(most).toBe(budget);
      await waitForFleet(world, names.length, 30_000);
      expect(operator.log.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
    },
    rolloutsMsMax + 60_000,
  );
});

interface DeploymentList {
  readonly items: readonly V1Deployment[];
  readonly metadata: { readonly resourceVersion: string };
}

/**
 * Is its rollout over, as `kubectl rollout status` has it?
 * Source: kubectl/pkg/polymorphichelpers/rollout_status.go, DeploymentStatusViewer.
 */
const isComplete = ({ metadata, spec, status }: V1Deployment): boolean => {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  if ((metadata?.generation ?? 0) > observedGeneration) return false;
  return (
    updatedReplicas >= (spec?.replicas ?? 1) && replicas <= updatedReplicas && availableReplicas >= updatedReplicas
  );
};

const areComplete = (all: readonly V1Deployment[]): boolean => all.length === names.length && all.every(isComplete);

const hasNewImage = ({ spec }: V1Deployment): boolean => spec?.template.spec?.containers[0]?.image === gatewayImages[1];
