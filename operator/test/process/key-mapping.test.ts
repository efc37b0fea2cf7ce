import { describe, expect, test } from "vitest";
import type { Deployment } from "../../src/desired/kinds.ts";
import { resources } from "../../src/desired/kinds.ts";
import { concernsTenant, toTenantKeys } from "../../src/key-mapping.ts";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import { createWakeUps } from "../../src/wake-ups.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { testCondition, testTenant } from "../reconcile/test-tenant.ts";

const owned = (
  given: { readonly metadata?: object; readonly status?: object; readonly spec?: object } = {},
): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "X",
    metadata: {
      name: "acme-gateway",
      namespace: "team",
      resourceVersion: "1",
      generation: 1,
      ownerReferences: [
        { apiVersion: "chat.sendsar.com/v1alpha1", kind: "Tenant", name: "acme", uid: "u-1", controller: true },
      ],
      ...given.metadata,
    },
    spec: given.spec ?? {},
    status: given.status ?? {},
  }) as KubeObject;

describe("which changes bring a visit", () => {
  test("of a Tenant: all but the status, annotations and finalizers included (pitfall 25)", () => {
    const before = testTenant();
    const after = testTenant({
      metadata: { resourceVersion: "11" },
      status: { conditions: [testCondition({ type: "Ready" })] },
    });
    expect(concernsTenant({ key: "team/acme", before, after })).toBe(false);
    for (const metadata of [{ generation: 2 }, { annotations: { a: "b" } }, { finalizers: ["x"] }, { uid: "u-2" }]) {
      expect(concernsTenant({ key: "team/acme", before, after: testTenant({ metadata }) })).toBe(true);
    }
    expect(concernsTenant({ key: "team/acme", after })).toBe(true);
    expect(concernsTenant({ key: "team/acme", before })).toBe(true);
  });

  test.each<readonly [string, Resource, object, boolean]>([
    ["a budget's count of pods", resources.podDisruptionBudget, { status: { currentHealthy: 3 } }, false],
    ["an autoscaler's measurement", resources.horizontalPodAutoscaler, { status: { currentMetrics: [{}] } }, false],
    [
      "an autoscaler that can no longer measure",
      resources.horizontalPodAutoscaler,
      { status: { conditions: [{ type: "ScalingActive", status: "False" }] } },
      true,
    ],
    ["pods of a Deployment", resources.deployment, { status: { readyReplicas: 1 } }, true],
    ["a route's answer", resources.httpRoute, { status: { parents: [] } }, true],
    ["an edit", resources.service, { spec: { type: "NodePort" } }, true],
    ["a label", resources.service, { metadata: { labels: { a: "b" } } }, true],
    [
      "a Secret's content, told by its version",
      { ...resources.secret, metadataOnly: true },
      { metadata: { resourceVersion: "2" } },
      true,
    ],
  ])("of what it owns: %s", (_what, resource, change, comes) => {
    const keys = toTenantKeys(resource, { key: "team/acme-gateway", before: owned(), after: owned(change) });
    expect([...keys]).toEqual(comes ? ["team/acme"] : []);
  });

  test("an object that goes from one Tenant to another concerns both; one of nobody concerns nobody", () => {
    const other = owned({ metadata: { ownerReferences: undefined, labels: { "chat.sendsar.com/tenant": "other" } } });
    const keys = toTenantKeys(resources.service, { key: "team/x", before: owned(), after: other });
    expect([...keys].toSorted()).toEqual(["team/acme", "team/other"]);
    const foreign = owned({ metadata: { ownerReferences: [] } });
    expect([...toTenantKeys(resources.service, { key: "team/x", after: foreign })]).toEqual([]);
  });
});

describe("wake-ups", () => {
  const hosts = (name: string, host: string): Tenant =>
    testTenant({ metadata: { name, uid: name }, spec: { exposure: { type: "Ingress", hosts: [host] } } });

  test("nothing is queued before the work begins; then all are, with low priority, and what somebody changes with high", () => {
    const added: unknown[] = [];
    const wakeUps = createWakeUps({ add: (...item) => void added.push(item) }, () => []);
    const caches = { tenants: { get: () => undefined, list: () => [], synced: true }, owned: () => undefined };
    wakeUps.onTenant(caches, { key: "team/acme", after: testTenant() });
    expect(added).toEqual([]);
    wakeUps.begin(["team/acme"]);
    wakeUps.onTenant(caches, { key: "team/acme", after: testTenant() });
    expect(added).toEqual([
      ["team/acme", "low"],
      ["team/acme", "high"],
    ]);
  });

  test("whoever shares a host, before or after the change, is visited too", () => {
    const added = new Set<string>();
    const all = [
      hosts("a", "new.example"),
      hosts("b", "old.example"),
      hosts("c", "new.example"),
      hosts("d", "other.example"),
    ];
    const wakeUps = createWakeUps({ add: (key) => void added.add(key) }, () => []);
    wakeUps.begin([]);
    const caches = { tenants: { get: () => undefined, list: () => all, synced: true }, owned: () => undefined };
    const before = { ...hosts("a", "old.example"), metadata: { ...hosts("a", "").metadata, generation: 0 } };
    wakeUps.onTenant(caches, { key: "team/a", before, after: hosts("a", "new.example") });
    expect([...added].toSorted()).toEqual(["team/a", "team/b", "team/c"]);
  });

  test("a change of a Deployment wakes its Tenant and those whose turn it is to be rolled; one of another kind does not", () => {
    const added: string[] = [];
    const next = owned({ metadata: { ownerReferences: undefined, labels: { "chat.sendsar.com/tenant": "next" } } });
    const wakeUps = createWakeUps({ add: (key) => void added.push(key) }, () => [next as Deployment]);
    const change = { key: "team/acme-gateway", before: owned(), after: owned({ metadata: { generation: 2 } }) };
    wakeUps.onOwned(resources.deployment, change);
    expect(added).toEqual([]);
    wakeUps.begin([]);
    wakeUps.onOwned(resources.service, change);
    expect(added.splice(0)).toEqual(["team/acme"]);
    wakeUps.onOwned(resources.deployment, change);
    expect(added).toEqual(["team/acme", "team/next"]);
  });
});
