import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { RequestInfo } from "../../../scripts/testing/kube/request-info.ts";
import { contentOf, createTenants, listOwned, waitForFleet, waitForQuiet } from "../stage/fleet.ts";
import type { Login } from "../stage/login.ts";
import { openLogin } from "../stage/login.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { tenantsPath } from "../stage/tenants.ts";
import type { ConnectionPeak } from "../stage/watch-calls.ts";
import { mostWithin, ofWatches, toMoments, watchConnections } from "../stage/watch-calls.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

const names = Array.from({ length: 10 }, (_, n) => `tenant-${n + 1}`);
/** From the end of a fault until everything is again as it should be. */
const recoveryMsMax = 30_000;
const stormMs = 10_000;
/** At most one try a second of each watch, over any ten. */
const rateMs = 10_000;
const triesMax = rateMs / 1000;

/** An operator that cannot renew its Lease has to end (`leaders.long.kube.test.ts`); here it has to come through. */
const alone = { LEADER_ELECTION: "off" };

describeWithKube("§5.3 watch chaos: whatever the API does, the final state is the same", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  let login: Login;
  let peak: ConnectionPeak;
  /** Watches while all is well. */
  let watches = 0;
  /** What each Tenant owns when all is well. */
  const wanted = new Map<string, readonly string[]>();
  let round = 0;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    login = await openLogin(world);
    operator = parts.use(await world.startOperator({ env: { ...alone, KUBECONFIG: login.path } }));
    await createTenants(world, names);
    await waitForFleet(world, names.length, 120_000);
    await waitForQuiet(world.proxy, 3000, 60_000);
    for (const name of names) wanted.set(name, await readState(name));
    watches = world.proxy.openWatches();
    peak = parts.use(watchConnections(world.proxy));
  }, 240_000);
  beforeEach(() => {
    round++;
    world.proxy.reset();
  });
  afterEach(() => {
    expect(operator.log.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
    // 32 for calls (`operator/src/kube/create-kube-client.ts`), and one for each watch: none is left behind.
    expect(peak.count).toBeGreaterThan(watches);
    expect(peak.count).toBeLessThanOrEqual(32 + watches);
  });
  afterAll(() => parts.disposeAsync());

  const readState = async (name: string): Promise<readonly string[]> =>
    (await listOwned(world.kube.api, world.namespace, name)).map(contentOf).toSorted();

  /** Changes that the operator does not see while the fault lasts: somebody deletes, edits, and makes Tenants. */
  const meddle = async (): Promise<void> => {
    const { api } = world.kube;
    for (const name of names.slice(0, 3)) {
      for (const { path, plural } of await listOwned(api, world.namespace, name)) {
        if (["services", "configmaps"].includes(plural)) await api.delete(path);
        if (plural === "deployments")
          await api.patch(path, { spec: { template: { spec: { terminationGracePeriodSeconds: 71 } } } });
      }
    }
    await api.patch(tenantsPath(world.namespace, "tenant-4"), { spec: { displayName: `Round ${round}` } });
    await createTenants(world, [`made-in-${round}`]);
  };
  /** Everything is as it should be, soon. */
  const expectRecovery = async (): Promise<void> => {
    const startedAt = performance.now();
    await waitForFleet(world, names.length + round, recoveryMsMax);
    let differing: readonly string[] = [];
    const same = async (): Promise<boolean> => {
      const states = await Promise.all(names.map(async (name) => ({ name, state: await readState(name) })));
      differing = states.filter(({ name, state }) => state.join() !== wanted.get(name)?.join()).map(({ name }) => name);
      return differing.length === 0;
    };
    const limitMs = recoveryMsMax - (performance.now() - startedAt);
    expect(await waitUntil(same, { limitMs, everyMs: 250 }), `differing: ${differing.join(", ")}`).toBe(true);
    console.log(`as it should be after ${Math.round(performance.now() - startedAt)} ms`);
    const allWatch = (): boolean => world.proxy.openWatches() === watches;
    expect(await waitUntil(allWatch, { limitMs: recoveryMsMax }), `${world.proxy.openWatches()} watches`).toBe(true);
    await waitForQuiet(world.proxy, 3000, recoveryMsMax);
  };
  /** No watch tried more often than it may; with 401 a try is two calls, for the token is read again in between. */
  const expectCalmWatches = (callsPerTry = 1): void => {
    const most = mostWithin(toMoments(world.proxy.recorded()), rateMs) / callsPerTry;
    console.log(`at most ${most} tries of a watch in ${rateMs / 1000} s`);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(triesMax);
  };
  const listsByKind = (): readonly number[] => {
    const lists = world.proxy
      .recorded()
      .filter((call) => ofWatches(call) && call.verb === "list" && call.status === 200);
    return [...Map.groupBy(lists, ({ group, resource }) => `${group}/${resource}`).values()].map(
      ({ length }) => length,
    );
  };

  test("every connection is cut, again and again", async () => {
    for (let n = 0; n < 10; n++) {
      world.proxy.cut();
      if (n === 5) await meddle();
      await wait(300);
    }
    await expectRecovery();
    expectCalmWatches();
    expect(listsByKind()).toEqual([]);
  }, 300_000);

  test("E3-E7: ERROR 410 in the middle of every watch", async () => {
    expect(world.proxy.failWatches()).toBe(watches);
    await meddle();
    await expectRecovery();
    expectCalmWatches();
    expect(listsByKind()).toEqual(Array(watches).fill(1));
  }, 300_000);

  test.each([429, 500, 503, 401])(
    "E4, E5: every call is answered with %i for ten seconds",
    async (status) => {
      let isOver = false;
      const match = (): boolean => !isOver;
      world.proxy.inject({ match, status, ...(status === 429 ? { retryAfterSeconds: 1 } : {}) });
      // Watches that are open tell of what happens, and what is done about it fails; one kind has to begin anew, and cannot.
      world.proxy.failWatches(({ resource }) => resource === "services");
      await meddle();
      await wait(stormMs);
      const calls = world.proxy.recorded().length;
      console.log(`${calls} calls in ${stormMs / 1000} s of ${status}`);
      // Of a dozen Tenants, each tries every of its five stages some ten times, ever more slowly.
      expect(calls).toBeGreaterThan(5);
      expect(calls).toBeLessThan(600);
      isOver = true;
      await expectRecovery();
      expectCalmWatches(status === 401 ? 2 : 1);
    },
    300_000,
  );

  test("§5.3 conflict: every third write is answered with 409", async () => {
    let n = 0;
    // Not of Events: those are what tells.
    const match = ({ verb, resource }: RequestInfo): boolean =>
      ["patch", "update", "create"].includes(verb) && resource !== "events" && n++ % 3 === 0;
    world.proxy.inject({ match, times: 40, status: 409 });
    await meddle();
    await expectRecovery();
    const { items } = await world.kube.api.get<{ items: readonly EventObject[] }>(
      `/apis/events.k8s.io/v1/namespaces/${world.namespace}/events`,
    );
    const told = items.filter(({ regarding }) => regarding?.kind === "Tenant");
    expect(told.length).toBeGreaterThan(0);
    const warnings = told.filter(
      ({ type, note = "" }) => type === "Warning" && /conflict|injected|modified/i.test(note),
    );
    expect(warnings.map(({ note }) => note)).toEqual([]);
    const injected = world.proxy.recorded().filter((call) => call.injected && call.status === 409);
    expect(injected.length).toBeGreaterThan(10);
  }, 300_000);

  test("half-open: connections stay, and no byte passes for ten seconds", async () => {
    world.proxy.stall();
    await meddle();
    await wait(stormMs);
    world.proxy.resume();
    await expectRecovery();
  }, 300_000);

  test("E4, pitfall 5: a token that is good no more, and then another one in its file", async () => {
    await login.revoke();
    const refused = (): boolean => {
      world.proxy.cut();
      return world.proxy.recorded().filter((call) => ofWatches(call) && call.status === 401).length > watches;
    };
    expect(await waitUntil(refused, { limitMs: 60_000, everyMs: 3000 })).toBe(true);
    await meddle();
    await login.renew();
    await expectRecovery();
  }, 300_000);
});

/** Of events.k8s.io/v1. */
interface EventObject {
  readonly type?: string;
  readonly note?: string;
  readonly regarding?: { readonly kind: string };
}
