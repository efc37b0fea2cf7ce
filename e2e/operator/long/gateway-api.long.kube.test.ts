import { afterAll, beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { installGatewayApi } from "../../../scripts/testing/kube/install-gateway-api.ts";
import { createTenants, waitForFleet, waitForQuiet, writesIn } from "../stage/fleet.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

// Nothing serves the routes: a controller of the Gateway API is played by writes to their status, which is all it does to them.

const tenant = "acme";
/** From when the kind is served. */
const seenMsMax = 10_000;
const backMsMax = 2000;
const controllerName = "example.com/edge";

interface Route {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly spec: { readonly hostnames: readonly string[]; readonly parentRefs: readonly object[] };
}

describeWithKube("Gateway API, installed after its Tenants", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    operator = parts.use(await world.startOperator());
    const parentRefs = [{ name: "edge", namespace: "infra" }];
    await createTenants(world, [tenant], {
      exposure: { type: "HTTPRoute", hosts: ["chat.acme.example"], parentRefs },
    });
  }, 120_000);
  afterAll(() => parts.disposeAsync());

  const path = (): string =>
    `/apis/gateway.networking.k8s.io/v1/namespaces/${world.namespace}/httproutes/${tenant}-gateway`;
  const findRoute = () => world.kube.api.find<Route>(path());
  const waitForExposed = (status: string, reason: string, limitMs: number) =>
    waitForTenant(
      world.kube.api,
      { namespace: world.namespace, name: tenant },
      (shown) =>
        shown.status?.conditions?.some(
          (one) => one.type === "Exposed" && one.status === status && one.reason === reason,
        ) === true,
      limitMs,
    );
  /** What the controller of a Gateway says of a route. */
  const answerAsParent = async (status: "True" | "False", reason: string): Promise<void> => {
    const { metadata, spec } = await world.kube.api.get<Route>(path());
    const condition = {
      type: "Accepted",
      status,
      reason,
      message: "said by the edge",
      observedGeneration: metadata.generation,
      lastTransitionTime: new Date().toISOString(),
    };
    const parents = spec.parentRefs.map((parentRef) => ({ parentRef, controllerName, conditions: [condition] }));
    await world.kube.api.patch(`${path()}/status`, { status: { parents } });
  };

  test("without it the condition says what is missing, the gateways run, and nobody asks for routes", async () => {
    await waitForExposed("False", "GatewayAPINotInstalled", 60_000);
    await waitForTenant(
      world.kube.api,
      { namespace: world.namespace, name: tenant },
      ({ status }) => status?.gateway?.readyReplicas === 2,
      30_000,
    );
    await waitForQuiet(world.proxy, 2000, 30_000);
    expect(world.proxy.recorded(({ resource }) => resource === "httproutes")).toEqual([]);
  }, 120_000);

  test("once it is installed the route is there within seconds, without a restart", async () => {
    await installGatewayApi(world.kube.api);
    const startedAt = performance.now();
    expect(await waitUntil(async () => (await findRoute()) !== undefined, { limitMs: seenMsMax })).toBe(true);
    console.log(`route after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    expect((await findRoute())?.spec.hostnames).toEqual(["chat.acme.example"]);
    await waitForExposed("Unknown", "RouteNotAccepted", 10_000);
    expect(operator.log.filter((line) => line.includes("watches are whole"))).toHaveLength(1);
  }, 60_000);

  test("Exposed follows what its parents say", async () => {
    await answerAsParent("False", "NotAllowedByListeners");
    const refused = await waitForExposed("False", "RouteNotAccepted", 5000);
    const { message = "" } = refused.status?.conditions?.find(({ type }) => type === "Exposed") ?? {};
    expect(message).toContain("said by the edge (NotAllowedByListeners)");
    await answerAsParent("True", "Accepted");
    await waitForExposed("True", "Exposed", 5000);
    await waitForFleet(world, 1, 30_000);
  }, 60_000);

  test("§5.3 drift: deleted or edited it is back within 2 s, and Exposed waits for the new one's parents", async () => {
    const before = await findRoute();
    await world.kube.api.delete(path());
    const isAnother = async (): Promise<boolean> => {
      const uid = (await findRoute())?.metadata.uid;
      return uid !== undefined && uid !== before?.metadata.uid;
    };
    expect(await waitUntil(isAnother, { limitMs: backMsMax })).toBe(true);
    await waitForExposed("Unknown", "RouteNotAccepted", 5000);
    await world.kube.api.patch(path(), { spec: { hostnames: ["elsewhere.example"] } });
    const isBack = async (): Promise<boolean> => (await findRoute())?.spec.hostnames[0] === "chat.acme.example";
    expect(await waitUntil(isBack, { limitMs: backMsMax })).toBe(true);
    await answerAsParent("True", "Accepted");
    await waitForExposed("True", "Exposed", 5000);
    await waitForFleet(world, 1, 10_000);
  }, 60_000);

  test("at rest nothing is written", async () => {
    await waitForQuiet(world.proxy, 3000, 30_000);
    const count = writesIn(world.proxy).length;
    // Longer than it takes to look for a kind.
    await waitForQuiet(world.proxy, 6000, 30_000);
    expect(writesIn(world.proxy).length).toBe(count);
  }, 60_000);
});
