import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderVerdict } from "../../checker/render.ts";
import { createRest } from "../../faults/load/rest.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import type { OpenService } from "../service.ts";
import { openService } from "../service.ts";
import { createTenants, listOwned } from "../stage/fleet.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import type { Talk } from "../stage/talk.ts";
import { startTalk } from "../stage/talk.ts";
import type { ShownTenant } from "../stage/tenants.ts";
import { isReady, readSecret, tenantsPath, waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { gatewayImages, startWorld } from "../stage/world.ts";

// One Tenant from its birth to its end, with real gateways, while its people talk. Each test goes on where the one before ended.

const name = "acme";
const stepMsMax = 90_000;
const overlap = "1h";

describeWithKube("the life of a Tenant whose people talk all the time", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  let service: OpenService;
  let talk: Talk;
  let apiKey = "";
  let tenantId = "";
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "processes" }));
    operator = parts.use(await world.startOperator());
    const drain = { endpointLagSeconds: 2, spreadSeconds: 3 };
    await createTenants(world, [name], { gateway: { replicas: 2, drain }, apiKey: { overlap } });
    const tenant = await waitFor(isReady);
    tenantId = tenant.status?.tenantId ?? "";
    apiKey = await readApiKey();
    const ref = { namespace: world.namespace, name: `${name}-gateway`, portName: "http" };
    service = parts.use(await openService(world.kube.api, ref));
    const { adminUrl } = world.database;
    talk = parts.use(await startTalk({ tenant: tenantId, origin: service.origin, apiKey, databaseUrl: adminUrl }));
    await talk.recover();
  }, 240_000);
  afterAll(() => parts.disposeAsync());

  const waitFor = (holds: (tenant: ShownTenant) => boolean): Promise<ShownTenant> =>
    waitForTenant(world.kube.api, { namespace: world.namespace, name }, holds, stepMsMax);
  const change = (spec: object): Promise<ShownTenant> =>
    world.kube.api.patch<ShownTenant>(tenantsPath(world.namespace, name), { spec });
  const readApiKey = async (): Promise<string> =>
    (await readSecret(world.kube.api, world.namespace, `${name}-chat-credentials`))?.["apiKey"] ?? "";
  const listPods = async (): Promise<V1Pod[]> =>
    (await world.kube.api.get<{ items: V1Pod[] }>(`/api/v1/namespaces/${world.namespace}/pods`)).items;
  const podNames = async (): Promise<string[]> =>
    (await listPods()).map(({ metadata }) => metadata?.name ?? "").toSorted((a, b) => a.localeCompare(b));
  /** So many pods run, and none is on its way out any more. */
  const waitForPods = async (count: number): Promise<void> => {
    const settled = async (): Promise<boolean> => {
      const pods = await listPods();
      return pods.length === count && pods.every(({ metadata }) => !metadata?.deletionTimestamp);
    };
    expect(await waitUntil(settled, { limitMs: stepMsMax, everyMs: 250 }), `${count} pods`).toBe(true);
  };
  const statusWith = async (key: string): Promise<number> => {
    const rest = createRest({ origin: service.origin, credentials: { "x-api-key": key }, connectionsMax: 1 });
    const { status } = await rest.call("GET", "/tenant/settings");
    rest.close();
    return status;
  };

  test("two gateways become three", async () => {
    await world.kubectl(["scale", `tenant/${name}`, "--replicas=3"]);
    await waitFor((tenant) => isReady(tenant) && tenant.status?.gateway?.readyReplicas === 3);
    await waitForPods(3);
    await talk.recover();
  }, 120_000);

  test("the API key is rotated: the old one works on, the new one works too, and no gateway is restarted", async () => {
    const pods = await podNames();
    const old = apiKey;
    await change({ apiKey: { rotationToken: "once" } });
    expect(await waitUntil(async () => (apiKey = await readApiKey()) !== old, { limitMs: stepMsMax })).toBe(true);
    await waitFor(isReady);
    expect(await waitUntil(async () => (await statusWith(apiKey)) === 200, { limitMs: 10_000 })).toBe(true);
    expect(await statusWith(old)).toBe(200);
    await talk.recover();
    expect(await podNames()).toEqual(pods);
  }, 120_000);

  test("another image is rolled out by an operator that is upgraded", async () => {
    const pods = await podNames();
    expect(await operator.stop()).toBe("exit code 0");
    operator = parts.use(await world.startOperator({ env: { GATEWAY_IMAGE: gatewayImages[1] } }));
    await waitFor((tenant) => tenant.status?.gateway?.image === gatewayImages[1] && isReady(tenant));
    await world.kubectl(["rollout", "status", `deployment/${name}-gateway`, `--timeout=${stepMsMax / 1000}s`]);
    await waitForPods(3);
    expect((await podNames()).filter((pod) => pods.includes(pod))).toEqual([]);
    const running = await listPods();
    expect(new Set(running.map(({ spec }) => spec?.containers[0]?.image))).toEqual(new Set([gatewayImages[1]]));
    await talk.recover();
  }, 180_000);

  test("a pod is deleted", async () => {
    const [pod = ""] = await podNames();
    await world.kubectl(["delete", "pod", pod]);
    await waitForPods(3);
    await waitFor((tenant) => isReady(tenant) && tenant.status?.gateway?.readyReplicas === 3);
    await talk.recover();
  }, 120_000);

  test("after all that no send has failed, and no message is lost, doubled or out of order", async () => {
    const { verdict, failed } = await talk.finish();
    console.log(renderVerdict(verdict), [...talk.load.tally].map(([label, count]) => `${label}: ${count}`).join(", "));
    expect(failed).toEqual([]);
    expect(verdict.violations.length, renderVerdict(verdict)).toBe(0);
    expect(verdict.figures.acknowledged).toBeGreaterThan(300);
  }, 150_000);

  test("suspended, it has no gateway; resumed, it has its messages", async () => {
    const before = await countMessages();
    await change({ suspend: true });
    await waitFor(({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.reason === "Suspended");
    await waitForPods(0);
    // Nobody listens: a Service without endpoints breaks the connection.
    await expect(statusWith(apiKey)).rejects.toThrow(/ECONNRESET|socket hang up/);
    await change({ suspend: false });
    await waitFor(isReady);
    expect(await waitUntil(async () => (await statusWith(apiKey)) === 200, { limitMs: 15_000 })).toBe(true);
    expect(await countMessages()).toBe(before);
  }, 240_000);

  test("deleted, it leaves nothing in the cluster and all of its data in the database", async () => {
    const before = await countMessages();
    await world.kubectl(["delete", `tenant/${name}`, "--timeout=80s"]);
    const gone = async (): Promise<boolean> => (await listOwned(world.kube.api, world.namespace, name)).length === 0;
    expect(await waitUntil(gone, { limitMs: 30_000 })).toBe(true);
    await waitForPods(0);
    const { items } = await world.kube.api.get<{ items: V1Deployment[] }>("/apis/apps/v1/deployments");
    expect(items).toEqual([]);
    expect(await countMessages()).toBe(before);
  }, 150_000);

  const countMessages = async (): Promise<number> => {
    const sql = `select count(*)::int as count from sendsar.messages where tenant_id = '${tenantId}'`;
    const [row] = await runOn<{ count: number }>(world.database.adminUrl, sql);
    return row?.count ?? 0;
  };
});
