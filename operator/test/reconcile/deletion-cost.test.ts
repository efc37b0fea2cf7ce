import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { resources } from "../../src/desired/kinds.ts";
import { toOwnerReference } from "../../src/desired/labels.ts";
import type { ListOptions } from "../../src/kube/kube-client.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { KubeObject, ObjectRef, Resource } from "../../src/kube/kube-object.ts";
import { findConnectionsMetric } from "../../src/reconcile/connections-metric.ts";
import { deletionCostManager, markEmptiest } from "../../src/reconcile/deletion-cost.ts";
import { testTenant } from "./test-tenant.ts";

const cost = "controller.kubernetes.io/pod-deletion-cost";
const tenant = testTenant();
const metric = { apiVersion: "custom.metrics.k8s.io/v1beta2", kind: "MetricValueList", plural: "pods/*/m" };
const settled = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

interface Scene {
  /** Of the Deployment. */
  readonly status?: object;
  /** By pod, as quantities. */
  readonly values?: Readonly<Record<string, string>>;
  readonly pods?: readonly Partial<KubeObject["metadata"]>[];
  /** Throws what the call is to fail with. */
  readonly failing?: (call: string) => void;
}

/** Looks once; answers what was asked of the API server. */
const look = async (
  { status = settled, values = {}, pods = [], failing }: Scene,
  signal = new AbortController().signal,
) => {
  const calls: unknown[] = [];
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "acme-gateway", namespace: "team", ownerReferences: [toOwnerReference(tenant)] },
    status,
  };
  const client = {
    async list({ plural, metadataOnly }: Resource, { labelSelector }: ListOptions) {
      failing?.(`list ${plural}`);
      calls.push(["list", plural, metadataOnly ?? false, labelSelector]);
      const measured = Object.entries(values).map(([name, value]) => ({ describedObject: { name }, value }));
      return { items: plural === "pods" ? pods.map((metadata) => ({ metadata })) : measured };
    },
    async patch(_: Resource, { name }: ObjectRef, patch: object, { manager }: { readonly manager: string }) {
      failing?.(`patch ${name}`);
      calls.push(["patch", name, patch, manager]);
    },
  };
  const caches = {
    owned: ({ plural }: Resource) => (plural === resources.deployment.plural ? { get: () => deployment } : undefined),
  };
  const deps = { client, caches, logger: pino({ level: "silent" }) };
  await markEmptiest(deps as never, tenant, metric as never, signal);
  return calls;
};

const selector = "app.kubernetes.io/name=sendsar-gateway,app.kubernetes.io/instance=acme";
const reads = [
  ["list", "pods/*/m", false, selector],
  ["list", "pods", true, selector],
];
const patchOf = (name: string, value: string | null) => [
  "patch",
  name,
  { metadata: { annotations: { [cost]: value } } },
  deletionCostManager,
];

describe("the mark of the emptiest gateway", () => {
  const pods = [{ name: "a", annotations: { [cost]: "-1" } }, { name: "b" }];

  test("one read of the metric, one of the pods' metadata, and a patch for each pod that changes", async () => {
    const calls = await look({ pods, values: { a: "2k", b: "1500m" } });
    expect(calls).toEqual([...reads, patchOf("a", null), patchOf("b", "-1")]);
  });

  test("a look that finds all as it should be writes nothing", async () => {
    expect(await look({ pods, values: { a: "1500m", b: "2" } })).toEqual(reads);
  });

  test("a pod that is ending is none", async () => {
    const ending = { name: "c", deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(await look({ pods: [...pods, ending], values: { a: "5", b: "6", c: "0" } })).toEqual(reads);
  });

  test.each([
    ["one is ready", { replicas: 2, updatedReplicas: 2, readyReplicas: 1 }],
    ["pods are being replaced", { replicas: 4, updatedReplicas: 2, readyReplicas: 4 }],
    ["nothing was told yet", {}],
  ])("nothing is asked while %s", async (_, status) => {
    expect(await look({ status, pods, values: { a: "5", b: "0" } })).toEqual([]);
  });

  test.each([
    ["the adapter is away", "list pods/*/m", new KubeError("503", { status: 503 })],
    ["there is no answer", "list pods", new KubeUnreachable("nothing")],
    ["the role was left away", "patch a", new KubeError("403", { status: 403 })],
    ["a pod is gone meanwhile", "patch b", new KubeError("404", { status: 404 })],
  ])("fails no visit when %s", async (_, which, error) => {
    const failing = (call: string): void => {
      if (call === which) throw error;
    };
    const calls = await look({ pods, values: { a: "5", b: "0" }, failing });
    expect(calls).not.toContainEqual(patchOf("b", "-1"));
  });

  test("what is no answer of the API is no matter of it, and a stop is passed on", async () => {
    const broken = new TypeError("broken");
    const failing = (): void => {
      throw broken;
    };
    await expect(look({ failing })).rejects.toBe(broken);
    const stop = new AbortController();
    const reason = new Error("stop");
    const stopping = (call: string): void => {
      if (call === "list pods") stop.abort(reason);
    };
    await expect(look({ pods, values: { a: "5", b: "0" }, failing: stopping }, stop.signal)).rejects.toBe(reason);
  });
});

test("the metric is read in the newest version that is served", async () => {
  const serving = (...versions: readonly string[]) => ({
    serves: async ({ apiVersion, plural }: Resource) =>
      plural === "pods/chat_gateway_connections" && versions.includes(apiVersion),
  });
  const beta1 = "custom.metrics.k8s.io/v1beta1";
  const beta2 = "custom.metrics.k8s.io/v1beta2";
  expect(await findConnectionsMetric(serving(beta1, beta2))).toMatchObject({ apiVersion: beta2 });
  expect(await findConnectionsMetric(serving(beta1))).toMatchObject({ apiVersion: beta1 });
  expect(await findConnectionsMetric(serving("custom.metrics.k8s.io/v1"))).toBeUndefined();
});
