import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { contentOf, createTenants, listOwned, waitForFleet, waitForQuiet } from "../stage/fleet.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { tenantsPath } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

const names = Array.from({ length: 10 }, (_, n) => `tenant-${n + 1}`);
/** A watch waits up to a minute before it tries again (client-go: 30 s, and as much again by chance). */
const recoveryMsMax = 120_000;
const downMs = 60_000;
const stormMs = 10_000;

/** An operator that cannot renew its Lease has to end (`leaders.long.kube.test.ts`); here it has to come through. */
const alone = { LEADER_ELECTION: "off" };

describeWithKube("§5.3 watch chaos: whatever the API does, the final state is the same", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  /** What each Tenant owns when all is well. */
  const wanted = new Map<string, readonly string[]>();
  let round = 0;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    operator = parts.use(await world.startOperator({ env: alone }));
    await createTenants(world, names);
    await waitForFleet(world, names.length, 120_000);
    await waitForQuiet(world.proxy, 3000, 60_000);
    for (const name of names) wanted.set(name, await readState(name));
  }, 240_000);
  beforeEach(() => {
    round++;
    world.proxy.reset();
  });
  afterEach(() => {
    expect(operator.log.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
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
  const expectRecovery = async (): Promise<void> => {
    await waitForFleet(world, names.length + round, recoveryMsMax);
    let differing: readonly string[] = [];
    const same = async (): Promise<boolean> => {
      const states = await Promise.all(names.map(async (name) => ({ name, state: await readState(name) })));
      differing = states.filter(({ name, state }) => state.join() !== wanted.get(name)?.join()).map(({ name }) => name);
      return differing.length === 0;
    };
    expect(await waitUntil(same, { limitMs: recoveryMsMax, everyMs: 500 }), `differing: ${differing.join(", ")}`).toBe(
      true,
    );
    await waitForQuiet(world.proxy, 3000, recoveryMsMax);
    expect(world.proxy.openWatches()).toBeGreaterThan(5);
  };

  test("every connection is cut, again and again", async () => {
    for (let n = 0; n < 10; n++) {
      world.proxy.cut();
      if (n === 5) await meddle();
      await wait(300);
    }
    await expectRecovery();
  }, 300_000);

  test("E3-E7: ERROR 410 in the middle of every watch", async () => {
    expect(world.proxy.failWatches()).toBeGreaterThan(5);
    await meddle();
    await expectRecovery();
  }, 300_000);

  test.each([429, 500, 503, 401])(
    "E4, E5: every call is answered with %i for ten seconds",
    async (status) => {
      world.proxy.inject({ status, ...(status === 429 ? { retryAfterSeconds: 1 } : {}) });
      // Watches that are open tell of what happens, and what is done about it fails; one kind has to begin anew, and cannot.
      world.proxy.failWatches(({ resource }) => resource === "services");
      await meddle();
      await wait(stormMs);
      const calls = world.proxy.recorded().length;
      console.log(`${calls} calls in ${stormMs / 1000} s of ${status}`);
      // Of a dozen Tenants, each tries every of its five stages some ten times, ever more slowly.
      expect(calls).toBeGreaterThan(5);
      expect(calls).toBeLessThan(600);
      world.proxy.reset();
      await expectRecovery();
    },
    300_000,
  );

  test("§5.3 conflict: every third write is answered with 409", async () => {
    let n = 0;
    const match = ({ verb }: { readonly verb: string }): boolean =>
      ["patch", "update", "create"].includes(verb) && n++ % 3 === 0;
    world.proxy.inject({ match, times: 60, status: 409 });
    await meddle();
    await expectRecovery();
    const events = await world.kubectl([
      "get",
      "events",
      "--field-selector",
      "type=Warning",
      "-o",
      "jsonpath={.items[*].note}",
    ]);
    expect(events).not.toMatch(/conflict/i);
  }, 300_000);

  test("half-open: connections stay, and no byte passes for ten seconds", async () => {
    world.proxy.stall();
    await meddle();
    await wait(stormMs);
    world.proxy.resume();
    await expectRecovery();
  }, 300_000);
});

describeWithKube("§5.3 watch chaos: the API server is away", () => {
  test("for 60 s, and has forgotten all history when it is back", async () => {
    await using world = await startWorld({ pods: "kwok" });
    await using operator = await world.startOperator({ env: alone });
    await createTenants(world, names);
    await waitForFleet(world, names.length, 120_000);
    await waitForQuiet(world.proxy, 3000, 60_000);
    const readAll = async (): Promise<readonly string[]> => {
      const lists = await Promise.all(names.map((name) => listOwned(world.kube.api, world.namespace, name)));
      return lists.flat().map(contentOf).toSorted();
    };
    const wanted = await readAll();
    world.proxy.goDown();
    for (const name of names) {
      const path = `/api/v1/namespaces/${world.namespace}/services/${name}-gateway`;
      await world.kube.api.delete(path);
    }
    await createTenants(world, ["made-meanwhile"]);
    await wait(downMs);
    await world.kube.compact();
    await world.kube.killApiServer();
    await world.kube.startApiServer();
    // The API server is up before its storage of our kind is.
    const isListed = (): Promise<boolean> =>
      world.kube.api.get(tenantsPath(world.namespace)).then(
        () => true,
        () => false,
      );
    expect(await waitUntil(isListed, { limitMs: 30_000 })).toBe(true);
    world.proxy.reset();
    await waitForFleet(world, names.length + 1, recoveryMsMax);
    expect(await waitUntil(async () => (await readAll()).join() === wanted.join(), { limitMs: recoveryMsMax })).toBe(
      true,
    );
    const lists = world.proxy.recorded(({ verb, resource, group, namespace }) => {
      // Lists of all namespaces are those of the watches.
      return verb === "list" && namespace === "" && `${group}/${resource}` !== "/pods";
    });
    const byKind = Map.groupBy(lists, ({ group, resource, status }) => `${status} ${group}/${resource}`);
    for (const [kind, calls] of byKind) {
      if (kind.startsWith("200")) expect(calls.length, `lists of ${kind}`).toBeLessThanOrEqual(2);
    }
    expect(operator.log.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
  }, 600_000);
});
