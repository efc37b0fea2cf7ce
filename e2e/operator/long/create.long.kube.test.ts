import { expect, test } from "vitest";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { createTenants } from "../stage/fleet.ts";
import { isReady, waitForTenant } from "../stage/tenants.ts";
import { startWorld } from "../stage/world.ts";

const names = ["one", "two", "three", "four", "five"];
const readyMsMax = 5000;

describeWithKube("§5.3 create, with pods that are ready at once", () => {
  test("each of five Tenants with an empty spec is Ready within 5 s", async () => {
    await using world = await startWorld({ pods: "kwok" });
    await using _operator = await world.startOperator({ env: { GATEWAY_MIN_READY_SECONDS: "10" } });
    const took: number[] = [];
    for (const name of names) {
      const startedAt = performance.now();
      await createTenants(world, [name]);
      await waitForTenant(world.kube.api, { namespace: world.namespace, name }, isReady, 30_000);
      took.push(performance.now() - startedAt);
    }
    console.log(`Ready after ${took.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(", ")}`);
    expect(Math.max(...took)).toBeLessThan(readyMsMax);
  }, 120_000);
});
