import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { conditions } from "../../src/tenant/conditions.ts";
import { openOperatorScene } from "./operator-scene.ts";

describeKube("§5.3 conflict", (place) => {
  const scene = openOperatorScene(place);
  const statusOf = (name: string, manager: string): string =>
    `${scene.pathOf("chat.sendsar.com/v1alpha1/tenants", name)}/status?fieldManager=${manager}`;
  const warnings = async (): Promise<readonly string[]> => {
    const { items } = await place.api.get<{ items: readonly EventObject[] }>(
      `/apis/events.k8s.io/v1/namespaces/${place.namespace}/events`,
    );
    const told = items.filter(({ regarding }) => regarding?.kind === "Tenant");
    expect(told.length).toBeGreaterThan(0);
    return told.filter(({ type }) => type === "Warning").map(({ reason, note }) => `${reason}: ${note}`);
  };

  test("a user edits the spec in the middle of a visit, again and again: the last edit holds, and nobody is warned", async () => {
    await scene.createTenant("edited");
    await scene.waitForReady("edited");
    scene.proxy.reset();
    // Each visit stays long enough between its look and its status that an edit comes in between.
    const isScale = ({ subresource }: { readonly subresource: string }): boolean => subresource === "scale";
    scene.proxy.inject({ match: isScale, delayMs: 300 });
    for (const replicas of [3, 1, 4, 3]) {
      const scaled = scene.proxy.writes(isScale).length;
      await scene.patchTenant("edited", { spec: { gateway: { replicas } } });
      expect(await waitUntil(() => scene.proxy.writes(isScale).length > scaled, { limitMs: 10_000 })).toBe(true);
      await scene.patchTenant("edited", { spec: { displayName: `With ${replicas}` } });
    }
    const conflicts = scene.proxy.writes().filter(({ status }) => status === 409);
    expect(conflicts.length).toBeGreaterThan(0);
    await scene.waitForReady("edited");
    const isSettled = ({ replicas, readyReplicas }: GatewayStatus): boolean => replicas === 3 && readyReplicas === 3;
    const { metadata, status } = await scene.waitForTenant("edited", (one) => isSettled(one.status?.gateway ?? {}));
    expect(status?.observedGeneration).toBe(metadata.generation);
    expect((await scene.readDeployment("edited")).spec?.replicas).toBe(3);
    expect(await warnings()).toEqual([]);
    expect(scene.logged.filter((line) => line.includes("visit failed"))).toEqual([]);
  });

  test("pitfall 10: two managers write the status; each keeps its own conditions and none of the other's", async () => {
    await scene.createTenant("shared");
    await scene.waitForReady("shared");
    const audited = {
      type: "Audited",
      status: "True",
      reason: "Checked",
      message: "by us",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const metadata = { name: "shared", namespace: place.namespace };
    const object = { apiVersion: "chat.sendsar.com/v1alpha1", kind: "Tenant", metadata };
    await place.api.patch(
      statusOf("shared", "auditor"),
      { ...object, status: { conditions: [audited] } },
      "application/apply-patch+yaml",
    );
    // A status of ours comes after it: by an apply of all of our conditions.
    await scene.patchTenant("shared", { spec: { gateway: { replicas: 3 } } });
    await scene.waitForTenant("shared", ({ status }) => status?.gateway?.readyReplicas === 3);
    const types = (tenant: { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } }) =>
      (tenant.status?.conditions ?? []).map(({ type }) => type).toSorted();
    const all = [...Object.keys(conditions), "Audited"].toSorted();
    expect(types(await scene.readTenant("shared"))).toEqual(all);
    // And what the other one no longer states goes, with nothing of ours.
    await place.api.patch(
      statusOf("shared", "auditor"),
      { ...object, status: { conditions: [] } },
      "application/apply-patch+yaml",
    );
    expect(types(await scene.readTenant("shared"))).toEqual(Object.keys(conditions).toSorted());
  });

  test("somebody writes over our conditions: they are as they were at the next visit", async () => {
    await scene.createTenant("overwritten");
    const before = await scene.waitForReady("overwritten");
    await place.api.patch(statusOf("overwritten", "somebody"), { status: { conditions: [] } });
    await scene.visitOnce("overwritten");
    const after = await scene.waitForReady("overwritten");
    const told = ({ status }: typeof before) =>
      status?.conditions?.map(({ lastTransitionTime: _, ...condition }) => condition);
    expect(told(after)).toEqual(told(before));
    expect(await warnings()).toEqual([]);
  });
});

interface GatewayStatus {
  readonly replicas?: number;
  readonly readyReplicas?: number;
}

/** Of events.k8s.io/v1. */
interface EventObject {
  readonly type?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly kind: string };
}
