import type { V1Pod } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { findCondition, openOperatorScene } from "./operator-scene.ts";

/** What a Tenant may say of its pods. */
const gateway = {
  replicas: 1,
  podLabels: { team: "a" },
  podAnnotations: { "team.example/note": "b" },
  env: [{ name: "LOG_LEVEL", value: "warn" }],
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  drain: { endpointLagSeconds: 0, spreadSeconds: 0 },
};

describeKube("§5.3 security: a namespace where the restricted profile is enforced", (place) => {
  const scene = openOperatorScene(place);
  beforeAll(async () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await place.api.patch(`/api/v1/namespaces/${place.namespace}`, { metadata: { labels } });
  });

  test("has the pods of every Tenant, made by the cluster's own controllers, and no others", async () => {
    await scene.createTenant("plain");
    await scene.createTenant("full", { gateway, exposure: { type: "Ingress", hosts: ["full.example"] } });
    for (const name of ["plain", "full"]) {
      await scene.waitForTenant(name, (tenant) => findCondition(tenant, "GatewayAvailable")?.status === "True", 10_000);
    }
    const { items } = await place.api.get<{ items: V1Pod[] }>(scene.pathOf("pods", ""));
    const owners = items.map(({ metadata }) => metadata?.labels?.["app.kubernetes.io/instance"] ?? "");
    expect(owners.toSorted((a, b) => a.localeCompare(b))).toEqual(["full", "plain", "plain"]);
    const [pod] = items;
    const spec = { ...pod?.spec, nodeName: undefined, securityContext: { runAsUser: 0 } };
    const forbidden = place.api.post(scene.pathOf("pods", ""), { metadata: { name: "root" }, spec });
    await expect(forbidden).rejects.toThrow('violates PodSecurity "restricted');
  });
});
