import type { V1PodSpec } from "@kubernetes/client-node";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { desiredObjects } from "../../src/desired/desired-objects.ts";
import { toDeployment } from "../../src/desired/deployment.ts";
import type { DesiredInput } from "../../src/desired/desired-config.ts";
import type { Deployment } from "../../src/desired/kinds.ts";
import { findDifference } from "../../src/desired/same-as-wanted.ts";
import { toCredentialsSecret, toDatabaseSecret } from "../../src/desired/secrets.ts";
import { toServiceAccount } from "../../src/desired/service-account.ts";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { installGatewayApi } from "../../../scripts/testing/kube/install-gateway-api.ts";
import type { Kube } from "../../../scripts/testing/kube/start-kube.ts";
import { startKube } from "../../../scripts/testing/kube/start-kube.ts";
import { applyStrictly, readBack, toPath } from "./apply-objects.ts";
import { arbitraryTenant } from "./arbitrary-tenant.ts";
import { cases, toInput, toTenant } from "./cases.ts";
import { withValue } from "./mutate-object.ts";

let kube: Kube;
let namespaces = 0;

/** The same Tenant in a namespace that only this test uses, where no pod is admitted that the restricted profile forbids. */
const inOwnNamespace = async (input: DesiredInput): Promise<DesiredInput> => {
  const namespace = `desired-${++namespaces}`;
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await kube.api.post("/api/v1/namespaces", { metadata: { name: namespace, labels } });
  return { ...input, tenant: moveTo(input.tenant, namespace) };
};

const moveTo = (tenant: Tenant, namespace: string): Tenant => ({
  ...tenant,
  metadata: { ...tenant.metadata, namespace },
});

const applyAll = async (objects: readonly KubeObject[]): Promise<readonly KubeObject[]> => {
  const applied: KubeObject[] = [];
  for (const object of objects) applied.push(await applyStrictly(kube.api, object));
  return applied;
};

/** Applies, reads back, compares, applies again: nothing is left to write. */
const expectSettled = async (objects: readonly KubeObject[]): Promise<void> => {
  const first = await applyAll(objects);
  for (const object of objects) {
    expect(findDifference(await readBack(kube.api, object), object), `${object.kind} read back`).toBeUndefined();
  }
  const second = await applyAll(objects);
  expect(second.map(({ metadata }) => metadata.resourceVersion)).toEqual(
    first.map(({ metadata }) => metadata.resourceVersion),
  );
};

describeWithKube("desired objects on a real API server", () => {
  beforeAll(async () => {
    kube = await startKube({ controllers: false, fakeNodes: 0 });
    await installGatewayApi(kube.api);
    await kube.api.post("/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name: "chat" }, value: 1000 });
  });
  afterAll(async () => {
    await kube?.[Symbol.asyncDispose]();
  });

  describe.each(Object.entries(cases))("%s", (_name, input) => {
    test("is accepted to the last field, reads back as it is wanted, and a second apply writes nothing", async () => {
      await expectSettled(desiredObjects(await inOwnNamespace(input)));
    });

    test("its pods are admitted where the restricted profile is enforced", async () => {
      const own = await inOwnNamespace(input);
      await applyStrictly(kube.api, toServiceAccount(own.tenant));
      const { metadata, spec } = toDeployment(own).spec.template;
      const path = `/api/v1/namespaces/${own.tenant.metadata.namespace}/pods?dryRun=All&fieldValidation=Strict`;
      const admit = (pod: V1PodSpec | undefined): Promise<unknown> =>
        kube.api.post(path, { metadata: { ...metadata, name: "pod" }, spec: pod });
      await expect(admit(spec)).resolves.toBeDefined();
      await expect(admit(spec && { ...spec, hostNetwork: true })).rejects.toThrow("violates PodSecurity");
    });
  });

  test("Secrets read back as they are wanted, and a second apply writes nothing", async () => {
    const { tenant } = await inOwnNamespace(
      toInput(toTenant("acme", { apiKey: { secretTemplate: { labels: { a: "b" } } } })),
    );
    await expectSettled([
      toCredentialsSecret(tenant, { apiKey: "one", apiKeyId: "1", apiUrl: "https://a.example" }),
      toDatabaseSecret(tenant, { databaseUrl: "postgres://a", tenantKey: "b", loginId: "c" }),
    ]);
  });

  test("a Tenant that is edited again and again into any other: each time the objects read back as they are wanted", async () => {
    const { tenant: model } = await inOwnNamespace(toInput(toTenant("acme")));
    await fc.assert(
      fc.asyncProperty(arbitraryTenant, fc.boolean(), async ({ spec }, customMetricsServed) => {
        // Over what the one before has left: fields that go, lists in another order.
        await expectSettled(desiredObjects(toInput({ ...model, spec }, { customMetricsServed })));
      }),
      { numRuns: 20 },
    );
  });

  test("a Tenant that no longer asks for something: the field is noticed, and it goes", async () => {
    const { tenant } = await inOwnNamespace(
      toInput(toTenant("acme", { gateway: { nodeSelector: { disk: "ssd" }, podLabels: { team: "a" } } })),
    );
    await applyStrictly(kube.api, toDeployment(toInput(tenant)));
    const plain = toDeployment(toInput(moveTo(toTenant("acme"), tenant.metadata.namespace ?? "")));
    const live = await readBack(kube.api, plain);
    expect(findDifference(live, plain)).toBe("metadata.annotations.chat.sendsar.com/template-hash");
    const after = (await applyStrictly(kube.api, plain)) as Deployment;
    expect(after.spec.template.spec).not.toHaveProperty("nodeSelector");
    expect(after.spec.template.metadata?.labels).not.toHaveProperty("team");
  });

  test("§5.3 drift: what others put beside ours is no difference and stays; what they change of ours is, and is set back", async () => {
    const input = await inOwnNamespace(toInput(toTenant("acme")));
    const wanted = toDeployment(input);
    await applyStrictly(kube.api, wanted);
    const mesh = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        ...wanted.metadata,
        labels: {},
        ownerReferences: [],
        annotations: { "mesh.example/injected": "yes" },
      },
      spec: {
        selector: wanted.spec.selector,
        template: { spec: { containers: [{ name: "mesh", image: "mesh:1", env: [{ name: "A", value: "1" }] }] } },
      },
    };
    await applyStrictly(kube.api, mesh, "mesh");
    expect(findDifference(await readBack(kube.api, wanted), wanted)).toBeUndefined();
    await kube.api.patch(toPath(wanted), { spec: { minReadySeconds: 99 } });
    expect(findDifference(await readBack(kube.api, wanted), wanted)).toBe("spec.minReadySeconds");
    const healed = (await applyStrictly(kube.api, wanted)) as Deployment;
    expect(findDifference(healed, wanted)).toBeUndefined();
    expect(healed.spec.template.spec?.containers.map(({ name }) => name).toSorted()).toEqual(["gateway", "mesh"]);
    expect(healed.metadata.annotations).toHaveProperty(["mesh.example/injected"], "yes");
  });

  test("pitfall 8: the apply owns no number of pods, so what the scale subresource says stays", async () => {
    const wanted = toDeployment(await inOwnNamespace(toInput(toTenant("acme"))));
    await applyStrictly(kube.api, wanted);
    const scale = {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "acme-gateway" },
      spec: { replicas: 3 },
    };
    await kube.api.patch(
      `${toPath(wanted)}/scale?fieldManager=sendsar-operator%2Fscale&force=true`,
      scale,
      "application/apply-patch+yaml",
    );
    // Another image, so that the apply has something to write.
    const changed = withValue(wanted, ["spec", "template", "spec", "containers", 0, "image"], "gateway:2");
    const applied = (await applyStrictly(kube.api, changed)) as Deployment;
    expect(applied.spec.replicas).toBe(3);
  });
});
