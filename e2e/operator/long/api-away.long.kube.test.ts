import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { contentOf, createTenants, listOwned, waitForFleet, waitForQuiet } from "../stage/fleet.ts";
import { tenantsPath } from "../stage/tenants.ts";
import { mostWithin, ofWatches } from "../stage/watch-calls.ts";
import { startWorld } from "../stage/world.ts";

const names = Array.from({ length: 10 }, (_, n) => `tenant-${n + 1}`);
const downMs = 60_000;
/** From the return of the server until everything is as it should be. */
const recoveryMsMax = 30_000;
/** At most one try a second of each watch, over any ten. */
const rateMs = 10_000;

describeWithKube("§5.3 watch chaos: the API server is away", () => {
  test("for 60 s, and has forgotten all history when it is back", async () => {
    await using world = await startWorld({ pods: "kwok" });
    // With an election it would end, and another process begin with a list of everything.
    await using operator = await world.startOperator({ env: { LEADER_ELECTION: "off" } });
    await createTenants(world, names);
    await waitForFleet(world, names.length, 120_000);
    await waitForQuiet(world.proxy, 3000, 60_000);
    const watches = world.proxy.openWatches();
    const readAll = async (): Promise<readonly string[]> => {
      const lists = await Promise.all(names.map((name) => listOwned(world.kube.api, world.namespace, name)));
      return lists.flat().map(contentOf).toSorted();
    };
    const wanted = await readAll();
    const lines = operator.log.length;
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
    const failures = operator.log.slice(lines).flatMap(toWatchFailure);
    world.proxy.reset();
    const backAt = performance.now();
    await waitForFleet(world, names.length + 1, recoveryMsMax);
    const limitMs = recoveryMsMax - (performance.now() - backAt);
    expect(await waitUntil(async () => (await readAll()).join() === wanted.join(), { limitMs })).toBe(true);
    const most = mostWithin(failures, rateMs);
    console.log(
      `as it should be ${Math.round(performance.now() - backAt)} ms after its return; tries of a watch in 10 s: ${most}`,
    );
    // Every kind was tried meanwhile, and none more than once a second.
    expect(new Set(failures.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(watches);
    expect(most).toBeLessThanOrEqual(rateMs / 1000);
    const allWatch = (): boolean => world.proxy.openWatches() === watches;
    expect(await waitUntil(allWatch, { limitMs: recoveryMsMax })).toBe(true);
    const lists = world.proxy
      .recorded()
      .filter((call) => ofWatches(call) && call.verb === "list" && call.status === 200);
    const byKind = Map.groupBy(lists, ({ group, resource }) => `${group}/${resource}`);
    expect([...byKind].map(([kind, { length }]) => `${kind}: ${length}`).toSorted()).toEqual(
      [...byKind.keys()].map((kind) => `${kind}: 1`).toSorted(),
    );
    expect(byKind.size).toBe(watches);
    expect(operator.log.filter((line) => /unhandled|uncaught/i.test(line))).toEqual([]);
  }, 600_000);
});

/** When a watch failed, as the operator's log says it. */
const toWatchFailure = (line: string): { readonly kind: string; readonly atMs: number }[] => {
  const { watch, time } = JSON.parse(line) as { readonly watch?: string; readonly time: string };
  return watch === undefined ? [] : [{ kind: watch, atMs: Date.parse(time) }];
};
