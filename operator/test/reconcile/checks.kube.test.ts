import { expect, test } from "vitest";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { findCondition, has, openOperatorScene } from "./operator-scene.ts";

const exposed = (host: string) => ({ exposure: { type: "Ingress", hosts: [host] } });

describeKube("what a Tenant may not have", (place) => {
  const scene = openOperatorScene(place);
  const findIngress = (name: string) =>
    place.api.find<{ spec: { rules: { host: string }[] } }>(
      scene.pathOf("networking.k8s.io/v1/ingresses", `${name}-gateway`),
    );

  test("a paused Tenant is left alone, says so, and is looked after again when the annotation goes (pitfall 25)", async () => {
    await scene.createTenant("paused");
    await scene.waitForReady("paused");
    const annotation = "chat.sendsar.com/paused";
    await scene.patchTenant("paused", { metadata: { annotations: { [annotation]: "true" } } });
    await scene.waitForTenant("paused", has("Ready", "Unknown", "Paused"));
    const path = scene.pathOf("services", "paused-gateway");
    await place.api.delete(path);
    await scene.visitOnce("paused");
    expect(await place.api.find(path)).toBeUndefined();
    expect(findCondition(await scene.readTenant("paused"), "GatewayAvailable")?.status).toBe("True");
    await scene.patchTenant("paused", { metadata: { annotations: { [annotation]: null } } });
    await scene.waitForReady("paused");
    expect(await place.api.find(path)).toBeDefined();
  });

  test("mode Shared is reserved: it is answered with PoolNotFound, and nothing is made or taken away", async () => {
    await scene.createTenant("pooled", { gateway: { mode: "Shared", poolRef: { name: "small" } } });
    const tenant = await scene.waitForTenant("pooled", has("Ready", "False", "PoolNotFound"));
    expect(findCondition(tenant, "Accepted")).toMatchObject({ status: "False", reason: "PoolNotFound" });
    expect(findCondition(tenant, "Accepted")?.message).toContain("Dedicated");
    expect(await place.api.find(scene.pathOf("apps/v1/deployments", "pooled-gateway"))).toBeUndefined();
    expect(tenant.metadata.finalizers ?? []).toEqual([]);
  });

  test("§2.3 a host belongs to the Tenant that had it first; the other one gets it when that one lets go of it", async () => {
    await scene.createTenant("first", exposed("shop.example"));
    await scene.waitForTenant("first", (tenant) => tenant.status?.endpoint?.hosts?.includes("shop.example") === true);
    await scene.createTenant("second", exposed("shop.example"));
    const loser = await scene.waitForTenant("second", has("Accepted", "False", "HostConflict"));
    expect(findCondition(loser, "Accepted")?.message).toContain(`${place.namespace}/first`);
    await scene.waitForTenant("second", (tenant) => findCondition(tenant, "GatewayAvailable")?.status === "True");
    expect(await findIngress("second")).toBeUndefined();
    expect(loser.status?.endpoint?.hosts ?? []).toEqual([]);
    await scene.patchTenant("second", { spec: { exposure: { hosts: ["shop.example", "also.example"] } } });
    await scene.waitForTenant("second", (tenant) => tenant.status?.endpoint?.hosts?.includes("also.example") === true);
    expect((await findIngress("second"))?.spec.rules.map(({ host }) => host)).toEqual(["also.example"]);
    await scene.patchTenant("second", { spec: exposed("shop.example") });
    expect(findCondition(await scene.readTenant("first"), "Accepted")?.status).toBe("True");

    await scene.patchTenant("first", { spec: exposed("other.example") });
    await scene.waitForTenant("second", has("Accepted", "True", "Accepted"));
    await scene.waitForTenant("second", (tenant) => tenant.status?.endpoint?.hosts?.includes("shop.example") === true);
    expect((await findIngress("second"))?.spec.rules.map(({ host }) => host)).toEqual(["shop.example"]);
  });

  test("an older Tenant that names a host later does not take it from the one that has it", async () => {
    await scene.createTenant("older");
    await scene.createTenant("younger", exposed("mine.example"));
    await scene.waitForTenant("younger", (tenant) => tenant.status?.endpoint?.hosts?.includes("mine.example") === true);
    await scene.patchTenant("older", { spec: exposed("mine.example") });
    await scene.waitForTenant("older", has("Accepted", "False", "HostConflict"));
    await scene.visitOnce("younger");
    expect(findCondition(await scene.readTenant("younger"), "Accepted")?.status).toBe("True");
  });

  test("an object of our name that is somebody else's is neither taken over nor deleted, and the others are made", async () => {
    const path = scene.pathOf("services", "taken-gateway");
    await place.kubectl("create", "service", "clusterip", "taken-gateway", "--tcp=80");
    const before = await place.api.get<{ metadata: { resourceVersion: string } }>(path);
    await scene.createTenant("taken");
    const tenant = await scene.waitForTenant("taken", has("GatewayAvailable", "False", "ObjectNotOwned"));
    expect(findCondition(tenant, "GatewayAvailable")?.message).toContain("taken-gateway");
    expect(await place.api.find(scene.pathOf("apps/v1/deployments", "taken-gateway"))).toBeDefined();
    await scene.patchTenant("taken", { spec: { suspend: true } });
    await scene.visitOnce("taken");
    expect((await place.api.get<typeof before>(path)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await place.api.delete(path);
    await scene.patchTenant("taken", { spec: { suspend: false } });
    await scene.waitForReady("taken");
  });

  test("without Gateway API a Tenant with an HTTPRoute says so; everything else of it runs", async () => {
    const parentRefs = [{ name: "edge", namespace: "infra" }];
    await scene.createTenant("routed", { exposure: { type: "HTTPRoute", hosts: ["routed.example"], parentRefs } });
    const tenant = await scene.waitForTenant(
      "routed",
      (found) => findCondition(found, "GatewayAvailable")?.status === "True",
    );
    expect(findCondition(tenant, "Exposed")).toMatchObject({ status: "False", reason: "GatewayAPINotInstalled" });
    expect(findCondition(tenant, "Ready")).toMatchObject({ status: "False", reason: "GatewayAPINotInstalled" });
  });

  test("an image that cannot be pulled is told with the pod's own words", { timeout: 40_000 }, async () => {
    await scene.createTenant("stuck", { gateway: { image: "registry.invalid/missing:1", replicas: 1 } });
    const tenant = await scene.waitForTenant("stuck", has("GatewayAvailable", "False", "ImagePullBackOff"), 30_000);
    expect(findCondition(tenant, "GatewayAvailable")?.message).toContain("registry.invalid/missing:1");
  });
});
