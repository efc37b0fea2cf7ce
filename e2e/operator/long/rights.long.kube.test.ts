import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { createTenants, listOwned, waitForFleet } from "../stage/fleet.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { installRouteKind } from "../stage/gateway-api.ts";
import { waitForLeader } from "../stage/lease.ts";
import { serveConnections } from "../stage/measured-load.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { readRoles, rightOf, rightsIn } from "../stage/rbac.ts";
import { readSecret, tenantsPath, waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

// The operator's whole life goes through a proxy that notes every call: what it may do is what it does.

describeWithKube("§5.3 security", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  const operators: OperatorProcess[] = [];
  const secrets = new Set<string>();
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    await installRouteKind(world.kube.api);
    parts.use(await serveConnections(world.kube.api, { connectionsOf: () => 1 }));
    secrets.add(world.masterKey);
    await playLife();
  }, 240_000);
  afterAll(() => parts.disposeAsync());

  const path = (name: string): string => tenantsPath(world.namespace, name);
  const collectSecrets = async (): Promise<void> => {
    for (const { plural, object } of await listOwned(world.kube.api, world.namespace, "life")) {
      if (plural !== "secrets") continue;
      const values = (await readSecret(world.kube.api, world.namespace, object.metadata.name)) ?? {};
      for (const key of ["apiKey", "webhookSecret", "pendingApiKey", "databaseUrl", "tenantKey"]) {
        const value = values[key];
        if (value === undefined) continue;
        secrets.add(value);
        if (key === "databaseUrl") secrets.add(new URL(value).password);
      }
    }
  };
  const enter = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<OperatorProcess> => {
    const operator = parts.use(await world.startOperator({ env: { POD_NAME: name, ...env } }));
    operators.push(operator);
    await waitForLeader(world.kube.api, name, 20_000);
    return operator;
  };
  const waitForOwned = async (plural: string, isThere: boolean): Promise<void> => {
    const holds = async (): Promise<boolean> =>
      (await listOwned(world.kube.api, world.namespace, "life")).some((one) => one.plural === plural) === isThere;
    expect(await waitUntil(holds, { limitMs: 30_000 }), `${plural}: ${isThere}`).toBe(true);
  };

  /** Everything that a Tenant can be told, one after the other. */
  const playLife = async (): Promise<void> => {
    const { api } = world.kube;
    const first = await enter("first");
    await createTenants(world, ["life"]);
    await waitForFleet(world, 1, 60_000);
    await collectSecrets();
    const apply = async (spec: object): Promise<void> => void (await api.patch(path("life"), { spec }));
    await apply({ gateway: { replicas: 3 } });
    await waitForFleet(world, 1, 60_000);
    await apply({ gateway: { autoscaling: { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 10 } } });
    await waitForOwned("horizontalpodautoscalers", true);
    // The emptiest gateway has its mark.
    const marked = (): boolean =>
      world.proxy.writes(({ resource, verb }) => resource === "pods" && verb === "patch").length > 0;
    expect(await waitUntil(marked, { limitMs: 30_000 })).toBe(true);
    await apply({ gateway: { autoscaling: null } });
    await waitForOwned("horizontalpodautoscalers", false);
    await apply({ exposure: { type: "Ingress", hosts: ["life.example"], ingressClassName: "edge" } });
    await waitForOwned("ingresses", true);
    const parentRefs = [{ name: "edge", namespace: "infra" }];
    await apply({ exposure: { type: "HTTPRoute", ingressClassName: null, parentRefs } });
    await waitForOwned("ingresses", false);
    await apply({ exposure: { type: "None", hosts: null, parentRefs: null } });
    await waitForFleet(world, 1, 60_000);
    const before = await readSecret(api, world.namespace, "life-chat-credentials");
    await apply({ apiKey: { rotationToken: "now" } });
    const rotated = async (): Promise<boolean> =>
      (await readSecret(api, world.namespace, "life-chat-credentials"))?.["apiKeyId"] !== before?.["apiKeyId"];
    expect(await waitUntil(rotated, { limitMs: 30_000 })).toBe(true);
    await collectSecrets();
    for (const { path: owned, plural } of await listOwned(api, world.namespace, "life")) {
      if (plural !== "networkpolicies") await api.delete(owned);
    }
    await waitForFleet(world, 1, 60_000);
    await collectSecrets();
    await first.stop();
    const second = await enter("second", { NETWORK_POLICY: "off" });
    await waitForOwned("networkpolicies", false);
    await apply({ suspend: true });
    const isSuspended = (reason: string | undefined): boolean => reason === "Suspended";
    await waitForTenant(
      api,
      { namespace: world.namespace, name: "life" },
      ({ status }) => isSuspended(status?.conditions?.find(({ type }) => type === "Ready")?.reason),
      30_000,
    );
    await apply({ suspend: false });
    await waitForFleet(world, 1, 60_000);
    await collectSecrets();
    await api.delete(path("life"));
    expect(await waitUntil(async () => (await api.find(path("life"))) === undefined, { limitMs: 60_000 })).toBe(true);
    await second.stop();
  };

  test("what the roles allow is what was called, and nothing was refused", async () => {
    const calls = world.proxy.recorded(({ resource }) => resource !== "");
    expect(calls.filter(({ status }) => status === 403).map(rightOf)).toEqual([]);
    const used = new Set(calls.map(rightOf));
    // An apply of an object that is not there is a PATCH that needs the right to create.
    for (const call of calls)
      if (call.verb === "patch" && call.status === 201) used.add(rightOf({ ...call, verb: "create" }));
    const allowed = rightsIn(await readRoles());
    expect([...used].filter((right) => !allowed.has(right)).toSorted()).toEqual([]);
    expect([...allowed].filter((right) => !used.has(right)).toSorted()).toEqual([]);
  });

  test("no secret is in a log, an event, a status, an annotation, a ConfigMap or a pod", async () => {
    expect(secrets.size).toBeGreaterThan(8);
    const kinds = "events.v1.events.k8s.io,tenants,configmaps,deployments,replicasets,pods,services,leases";
    const shown = await world.kubectl(["get", kinds, "--all-namespaces", "-o", "json"]);
    const logs = operators.flatMap(({ log }) => log).join("\n");
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15);
      expect(shown.includes(secret)).toBe(false);
      expect(logs.includes(secret)).toBe(false);
    }
    expect(shown).toContain("ApiKey");
  });
});
