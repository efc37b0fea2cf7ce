import { expect, test } from "vitest";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { createDryRunClient } from "../../src/dry-run/dry-run-client.ts";
import { createDryRunRegistries } from "../../src/dry-run/dry-run-registries.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import { loadKubeAccess } from "../../src/kube/kube-config.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import { conditionOf, openLifePlace } from "./life-place.ts";

describeKube("credentials in a dry run", (kube) => {
  const place = openLifePlace(kube);

  test("RO12 RO15 every step is told, none is kept, and no value stands in the log", async () => {
    const [fresh, there] = [await place.createTenant({ tenantId: "dry-run" }), await place.makeReady()];
    const before = await place.readSecret(`${there}-chat-credentials`);
    await place.patchSpec(there, { apiKey: { rotationToken: "1" } });
    const clock = createRealClock();
    const deps = await place.openDeps();
    place.log.length = 0;
    await using real = createKubeClient({ access: loadKubeAccess(clock, kube.adminKubeconfig), clock, dryRun: true });
    const client = createDryRunClient(real, deps.logger);
    const registries = createDryRunRegistries(deps.registries, deps.logger);
    for (const name of [fresh, there]) await place.visit(name, { ...deps, client, registries });
    const told = place.log.join("");
    expect(told).toContain(`Secret ${place.namespace}/${fresh}-chat-credentials`);
    expect(told).toContain(`Secret ${place.namespace}/${there}-chat-credentials`);
    expect(told).not.toMatch(/sk_[0-9A-Za-z]|whsec_[0-9a-f]|postgres:\/\//);
    expect(await place.readSecret(`${fresh}-chat-credentials`)).toBeUndefined();
    expect(await place.readRecord("dry-run")).toBeUndefined();
    expect(conditionOf(await place.get(fresh), "Ready")).toBeUndefined();
    expect(await place.readSecret(`${there}-chat-credentials`)).toEqual(before);
  });
});
