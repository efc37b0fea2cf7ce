import type { V1Deployment } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { KubePlace } from "../../../scripts/testing/kube/describe-kube.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { Deployment } from "../../src/desired/kinds.ts";
import { isRolling } from "../../src/desired/deployment-state.ts";
import type { TestRegistries } from "../database/test-registries.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import type { OperatorScene } from "./operator-scene.ts";
import { has, toScene } from "./operator-scene.ts";
import { startTestOperator } from "./start-test-operator.ts";

const names = ["one", "two", "three", "four"];

describeKube("pitfall 28: an upgrade of the operator", (place) => {
  let registries: TestRegistries;
  beforeAll(async () => {
    registries = await startTestRegistries();
  });
  afterAll(() => registries?.[Symbol.asyncDispose]());
  const start = async (name: string, image: string): Promise<OperatorScene> => {
    const database = { adminUrl: registries.database.adminUrl, masterKey: registries.masterKey };
    const env = { ROLLOUT_BUDGET: "1", GATEWAY_IMAGE: image };
    return toScene(place, await startTestOperator(place, { name, database, env }), registries);
  };
  const imagesOf = async (scene: OperatorScene): Promise<Record<string, string | undefined>> => {
    const all = await Promise.all(
      names.map(async (name) => [name, toImage(await scene.readDeployment(name))] as const),
    );
    return Object.fromEntries(all);
  };

  test(
    "rolls one Tenant after the other, an edit does not wait, and the next leader finds the same slots taken",
    { timeout: 90_000 },
    async () => {
      {
        await using before = await start("before", "registry.invalid/gateway:1");
        for (const name of names) await before.createTenant(name);
        for (const name of names) await before.waitForReady(name);
      }
      let waiting: string[] = [];
      {
        // Its pods never start: the first rollout stays under way.
        await using stuck = await start("stuck", "registry.invalid/missing:1");
        await waitUntil(
          async () => {
            const tenants = await Promise.all(names.map((name) => stuck.readTenant(name)));
            waiting = names.filter((_, n) => has("GatewayAvailable", "True", "RolloutQueued")(tenants[n] as never));
            return waiting.length === names.length - 1;
          },
          { limitMs: 30_000 },
        );
        expect(waiting).toHaveLength(names.length - 1);
        const [edited = ""] = waiting;
        await stuck.patchTenant(edited, { spec: { gateway: { image: "registry.invalid/own:1" } } });
        await stuck.waitForReady(edited);
        const images = await imagesOf(stuck);
        expect(byName(Object.values(images))).toEqual([
          "registry.invalid/gateway:1",
          "registry.invalid/gateway:1",
          "registry.invalid/missing:1",
          "registry.invalid/own:1",
        ]);
      }
      await using rolling = await watchRolling(place);
      await using last = await start("last", "registry.invalid/gateway:2");
      for (const name of names) {
        await last.waitForTenant(name, has("Ready", "True", "Ready"), 20_000);
        await last.waitForTenant(name, has("GatewayAvailable", "True", "Available"), 20_000);
      }
      expect(byName(Object.values(await imagesOf(last)))).toEqual([
        "registry.invalid/gateway:2",
        "registry.invalid/gateway:2",
        "registry.invalid/gateway:2",
        "registry.invalid/own:1",
      ]);
      expect(rolling.max()).toBe(1);
    },
  );
});

const byName = (images: readonly (string | undefined)[]): string[] => images.map(String).toSorted();

const toImage = ({ spec }: V1Deployment): string | undefined => spec?.template.spec?.containers[0]?.image;

/** How many Deployments of the namespace were being rolled at the same time. */
const watchRolling = async (place: KubePlace): Promise<AsyncDisposable & { max(): number }> => {
  const stop = new AbortController();
  const deployments = new Map<string, Deployment>();
  let max = 0;
  const watching = (async () => {
    const path = `/apis/apps/v1/namespaces/${place.namespace}/deployments`;
    for await (const { object } of place.api.watch<Deployment>(path, stop.signal)) {
      deployments.set(object.metadata.name, object);
      max = Math.max(max, [...deployments.values()].filter(isRolling).length);
    }
  })().catch(() => undefined);
  await waitUntil(() => deployments.size === names.length, { limitMs: 5000 });
  return {
    max: () => max,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
    },
  };
};
