import { describe, expect, test } from "vitest";
import { DatabaseUnavailable, FencedOff, PrivilegeMissing, Refused } from "../../src/database/tenant-registry.ts";
import type { Deployment, HttpRoute, Ingress } from "../../src/desired/kinds.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import { RetryLater } from "../../src/kube/reconcile-result.ts";
import { toActive } from "../../src/reconcile/autoscaling-condition.ts";
import type { ReconcileDeps } from "../../src/reconcile/deps.ts";
import { toExposed } from "../../src/reconcile/exposure-condition.ts";
import { toFailure } from "../../src/reconcile/failure.ts";
import { toGatewayResult } from "../../src/reconcile/gateway-condition.ts";
import { ObjectNotOwned } from "../../src/reconcile/owned-objects.ts";
import type { Pod } from "../../src/reconcile/pod-trouble.ts";
import { toTrouble } from "../../src/reconcile/pod-trouble.ts";
import { openVisit } from "../../src/reconcile/visit.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";
import type { Condition } from "../../src/tenant/conditions.ts";
import { conditions, commonReasons } from "../../src/tenant/conditions.ts";
import type { TenantSpec } from "../../src/tenant/tenant.ts";
import { toInput } from "../desired/cases.ts";
import { testCondition, testTenant } from "./test-tenant.ts";

const gatewaySpec = testTenant().spec.gateway;

const starting = (lastTransitionTime: string) =>
  ({ status: "Unknown", reason: "Progressing", lastTransitionTime }) as const;

describe("GatewayAvailable", () => {
  const toCondition = (
    status: Deployment["status"],
    given: {
      readonly spec?: Partial<TenantSpec>;
      readonly queued?: boolean;
      readonly generation?: number;
      readonly before?: Partial<Condition>;
    } = {},
  ) => {
    const deployment = {
      metadata: { name: "acme-gateway", generation: given.generation ?? 1 },
      spec: { replicas: 2 },
      status,
    } as Deployment;
    const before = given.before && testCondition({ type: "GatewayAvailable", ...given.before });
    const input = toInput(
      testTenant({ ...(given.spec && { spec: given.spec }), ...(before && { status: { conditions: [before] } }) }),
    );
    return toGatewayResult(input, { deployment, queued: given.queued ?? false }, now).condition;
  };
  const now = new Date("2026-01-01T00:01:00Z");
  const progressing = (reason: string) => [{ type: "Progressing", status: "True", reason }];
  const complete = { observedGeneration: 1, conditions: progressing("NewReplicaSetAvailable") };
  const underWay = { observedGeneration: 1, conditions: progressing("ReplicaSetUpdated") };
  const running = (count: number) => ({ replicas: count, updatedReplicas: count, readyReplicas: count });

  test.each<readonly [string, string, string, Deployment["status"]]>([
    ["one that is new", "False", "Progressing", {}],
    ["no pod yet", "False", "Progressing", underWay],
    ["one of its first pods", "Unknown", "Progressing", { ...underWay, ...running(2), readyReplicas: 1 }],
    ["its first pods, not ready for long", "True", "Available", { ...underWay, ...running(2) }],
    [
      "another pod that takes the place of one, not ready for long",
      "Unknown",
      "Progressing",
      { ...underWay, replicas: 3, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 2 },
    ],
    ["a pod too few", "False", "InsufficientReplicas", { ...complete, ...running(2), readyReplicas: 1 }],
    ["all pods", "True", "Available", { ...complete, ...running(2), availableReplicas: 2 }],
    ["a pod that came back", "True", "Available", { ...complete, ...running(2), availableReplicas: 1 }],
    [
      "new pods that do not come up",
      "False",
      "ProgressDeadlineExceeded",
      {
        ...{ replicas: 3, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 },
        ...{ observedGeneration: 1, conditions: progressing("ProgressDeadlineExceeded") },
      },
    ],
  ])("%s: %s/%s", (_what, status, reason, given) => {
    expect(toCondition(given)).toMatchObject({ status, reason });
  });

  const oneMissing = { ...complete, ...running(2), readyReplicas: 1 };
  test.each<readonly [string, string, string, Partial<Condition>]>([
    ["one more than a moment ago", "Unknown", "Progressing", { status: "True", reason: "Available" }],
    ["one more that is starting", "Unknown", "Progressing", starting("2026-01-01T00:00:01Z")],
    ["another than the first one", "Unknown", "Progressing", { ...starting("2026-01-01T00:00:01Z"), status: "False" }],
    ["one that does not start", "False", "InsufficientReplicas", starting("2026-01-01T00:00:00Z")],
    ["one that has not started", "False", "InsufficientReplicas", { status: "False", reason: "InsufficientReplicas" }],
  ])("while others serve, %s: %s/%s", (_what, status, reason, before) => {
    expect(toCondition(oneMissing, { before })).toMatchObject({ status, reason });
  });

  test("none that serves is a fault at once", () => {
    const before = { status: "True", reason: "Available" } as const;
    expect(toCondition({ ...oneMissing, readyReplicas: 0 }, { before })).toMatchObject({ status: "False" });
  });

  test("an autoscaler may want more than its minimum without anything being wrong", () => {
    const autoscaling = { minReplicas: 1, maxReplicas: 9, cpuUtilization: 70, scaleDownStabilizationSeconds: 600 };
    const spec = { gateway: { ...gatewaySpec, autoscaling } };
    const status = { ...complete, ...running(7), readyReplicas: 1 };
    expect(toCondition(status, { spec })).toMatchObject({ status: "True" });
  });

  test("what waits for the budget is available, and comes again by itself too", () => {
    expect(toCondition({ ...complete, ...running(2) }, { queued: true })).toMatchObject({
      status: "True",
      reason: "RolloutQueued",
    });
    const input = toInput(testTenant());
    expect(toGatewayResult(input, { deployment: undefined, queued: true }, now).requeueAfterMs).toBe(30_000);
  });

  test("an edit that the Deployment controller has not seen is not told as done", () => {
    expect(toCondition({ ...complete, ...running(2), availableReplicas: 2 }, { generation: 2 })).toMatchObject({
      status: "Unknown",
      reason: "Progressing",
    });
  });
});

describe("Exposed", () => {
  const parentRefs = [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge", namespace: "infra" }];
  const tenant = testTenant({ spec: { exposure: { type: "HTTPRoute", hosts: ["a.example"], parentRefs } } });
  const route = (
    conditionsOf: readonly { type: string; status: string; reason?: string; observedGeneration?: number }[],
    name = "edge",
  ) =>
    ({
      kind: "HTTPRoute",
      metadata: { name: "acme-gateway", namespace: "team", generation: 2 },
      spec: { parentRefs, hostnames: [], rules: [] },
      status: { parents: [{ parentRef: { name, namespace: "infra" }, conditions: conditionsOf }] },
    }) as unknown as HttpRoute;
  const current = { observedGeneration: 2 };

  test.each([
    [
      "True",
      "Exposed",
      route([
        { type: "Accepted", status: "True", ...current },
        { type: "ResolvedRefs", status: "True", ...current },
      ]),
    ],
    [
      "False",
      "RouteNotAccepted",
      route([{ type: "Accepted", status: "False", reason: "NotAllowedByListeners", ...current }]),
    ],
    [
      "False",
      "RouteNotAccepted",
      route([
        { type: "Accepted", status: "True", ...current },
        { type: "ResolvedRefs", status: "False", ...current },
      ]),
    ],
    ["Unknown", "RouteNotAccepted", route([{ type: "Accepted", status: "True", observedGeneration: 1 }])],
    ["Unknown", "RouteNotAccepted", route([{ type: "Accepted", status: "True", ...current }], "another")],
  ])("a route: %s/%s", (status, reason, object) => {
    expect(toExposed(tenant, { served: true, object })).toMatchObject({ status, reason });
  });

  test("nothing is exposed when every host belongs to another Tenant", () => {
    const robbed = testTenant({ spec: { exposure: { type: "Ingress", hosts: [] } } });
    expect(toExposed(robbed, { served: true, object: undefined })).toMatchObject({
      status: "False",
      reason: "Refused",
    });
  });

  test("an Ingress is exposed when it has an address; without a wish all is well; without the API it says so", () => {
    const ingress = { kind: "Ingress", metadata: { name: "a" }, spec: {} } as Ingress;
    const asked = testTenant({ spec: { exposure: { type: "Ingress", hosts: ["a.example"] } } });
    expect(toExposed(asked, { served: true, object: ingress })).toMatchObject({
      status: "Unknown",
      reason: "NoAddress",
    });
    const reached = { ...ingress, status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
    expect(toExposed(asked, { served: true, object: reached })).toMatchObject({ status: "True", reason: "Exposed" });
    expect(toExposed(testTenant(), { served: true, object: undefined })).toMatchObject({
      status: "True",
      reason: "NotRequested",
    });
    expect(toExposed(tenant, { served: false, object: undefined })).toMatchObject({
      status: "False",
      reason: "GatewayAPINotInstalled",
    });
  });
});

describe("AutoscalingActive", () => {
  const autoscaling = { minReplicas: 2, maxReplicas: 9, connectionsPerPod: 5000, scaleDownStabilizationSeconds: 600 };
  const tenant = testTenant({ spec: { gateway: { ...gatewaySpec, autoscaling } } });
  const scaler = (type: string, status: string) =>
    ({ status: { conditions: [{ type, status, reason: "FailedGetPodsMetric" }] } }) as never;

  test.each([
    ["False", "Disabled", toActive(testTenant(), undefined, false)],
    ["Unknown", "Progressing", toActive(tenant, undefined, true)],
    ["True", "Active", toActive(tenant, scaler("ScalingActive", "True"), true)],
    ["False", "ScalingFailed", toActive(tenant, scaler("ScalingActive", "False"), true)],
    ["False", "CustomMetricsUnavailable", toActive(tenant, scaler("ScalingActive", "True"), false)],
  ])("%s/%s", (status, reason, condition) => {
    expect(condition).toMatchObject({ type: "AutoscalingActive", status, reason });
  });
});

describe("what a pod says", () => {
  const waiting = (reason: string): Pod =>
    ({
      metadata: { name: "p" },
      status: {
        containerStatuses: [
          { name: "mesh", state: {} },
          { name: "gateway", state: { waiting: { reason, message: "words" } } },
        ],
      },
    }) as unknown as Pod;
  test.each([
    ["ErrImagePull", "ImagePullBackOff"],
    ["InvalidImageName", "ImagePullBackOff"],
    ["CrashLoopBackOff", "CrashLoopBackOff"],
    ["CreateContainerConfigError", "ContainerConfigError"],
  ])("%s is %s", (said, reason) => {
    expect(toTrouble(waiting(said))).toEqual({ reason, message: `Pod p: ${said}; words` });
  });
  test("a pod that starts is no trouble, one that no node takes is", () => {
    expect(toTrouble(waiting("ContainerCreating"))).toBeUndefined();
    const unschedulable = { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no room" };
    expect(
      toTrouble({ metadata: { name: "p" }, status: { conditions: [unschedulable] } } as unknown as Pod)?.reason,
    ).toBe("Unschedulable");
  });
});

describe("a stage that fails", () => {
  test.each([
    ["DatabaseReady", new DatabaseUnavailable("down"), "False", "DatabaseUnavailable"],
    ["CredentialsReady", new DatabaseUnavailable("down"), "Unknown", "DatabaseUnavailable"],
    ["DatabaseReady", new PrivilegeMissing("no"), "False", "PrivilegeMissing"],
    ["SettingsSynced", new Refused("no"), "False", "Refused"],
    ["GatewayAvailable", new ObjectNotOwned("theirs"), "False", "ObjectNotOwned"],
    ["GatewayAvailable", new AggregateError([new ObjectNotOwned("theirs")], "two"), "False", "ObjectNotOwned"],
    ["GatewayAvailable", new KubeError("no", { status: 403 }), "False", "RefusedByApiServer"],
    ["GatewayAvailable", new KubeError("oh", { status: 500 }), "Unknown", "ApiServerUnavailable"],
    ["GatewayAvailable", new KubeUnreachable("gone"), "Unknown", "ApiServerUnavailable"],
    ["GatewayAvailable", new TypeError("sk_secret"), "Unknown", "InternalError"],
  ] as const)("%s with %s is %s/%s", (type, error, status, reason) => {
    const condition = toFailure(type, error);
    expect(condition).toMatchObject({ type, status, reason });
    expect({ ...conditions[type].reasons, ...commonReasons }).toHaveProperty(reason);
    // A text that nobody foresaw may hold anything.
    expect(condition.message).not.toContain("sk_secret");
  });

  const deps = { tracing: noTracing } as ReconcileDeps;
  const fails = (error: Error) => () => Promise.reject(error);

  test("does not keep the others from running, and its error brings the key back (§2.3)", async () => {
    const visit = openVisit(testTenant(), new AbortController().signal);
    await visit.run("gateway", "GatewayAvailable", fails(new KubeUnreachable("gone")), deps);
    const found = {
      condition: { type: "Exposed", status: "True", reason: "Exposed", message: "" } as const,
      requeueAfterMs: 9,
    };
    await visit.run("exposure", "Exposed", () => Promise.resolve({ ...found, status: { tenantId: "t" } }), deps);
    expect(visit.findings.conditions.map(({ type, status }) => [type, status])).toEqual([
      ["GatewayAvailable", "Unknown"],
      ["Exposed", "True"],
    ]);
    expect(visit.tenant.status?.tenantId).toBe("t");
    expect(visit.requeueAfterMs).toBe(9);
    expect(() => visit.throwErrors()).toThrow(AggregateError);
  });

  test.each([new KubeError("conflict", { status: 409 }), new RetryLater("soon", 5)])(
    "quietly (%s) leaves its condition as it was (pitfall 20)",
    async (error) => {
      const visit = openVisit(testTenant(), new AbortController().signal);
      await visit.run("gateway", "GatewayAvailable", fails(error), deps);
      expect(visit.findings.conditions).toEqual([]);
      expect(() => visit.throwErrors()).toThrow("1 of the stages failed");
    },
  );

  test("because another leads ends the visit at once; because of a stop, without a word about the Tenant", async () => {
    const stop = new AbortController();
    const visit = openVisit(testTenant(), stop.signal);
    await expect(visit.run("database", "DatabaseReady", fails(new FencedOff("no")), deps)).rejects.toThrow(FencedOff);
    const interrupted = () => {
      stop.abort(new Error("stopping"));
      return Promise.reject(new KubeUnreachable("aborted"));
    };
    await expect(visit.run("gateway", "GatewayAvailable", interrupted, deps)).rejects.toThrow(KubeUnreachable);
    await expect(visit.run("exposure", "Exposed", fails(new Error("never run")), deps)).rejects.toThrow("stopping");
    expect(visit.findings.conditions).toEqual([]);
  });
});
