import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { FaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { openFaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { createTenants, waitForFleet, writesIn } from "../stage/fleet.ts";
import { waitForLeader } from "../stage/lease.ts";
import { readMetric } from "../stage/metrics.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { tenantsPath } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

const takeOverMsMax = 17_000;
const releaseMsMax = 3000;
/** Longer than the Lease: whoever slept through it has lost it. */
const frozenMs = 20_000;

interface Candidate {
  readonly proxy: FaultProxy;
  readonly operator: OperatorProcess;
}

describeWithKube("§5.3 leaders: of two operators", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let first: Candidate;
  let second: Candidate;
  beforeEach(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "kwok" }));
    const enter = async (name: string): Promise<Candidate> => {
      const proxy = parts.use(await openFaultProxy(world.kube));
      const operator = parts.use(await world.startOperator({ proxy, env: { POD_NAME: name } }));
      return { proxy, operator };
    };
    first = await enter("first");
    await waitForLeader(world.kube.api, "first", 20_000);
    second = await enter("second");
    await createTenants(world, ["before"]);
    await waitForFleet(world, 1, 60_000);
    expect(writesIn(second.proxy)).toEqual([]);
    expect(await readMetric(first.operator, "leader_election_master_status")).toBe(1);
    expect(await readMetric(second.operator, "leader_election_master_status")).toBe(0);
  });
  afterEach(() => parts.disposeAsync());

  /** The one that leads now works. */
  const expectWork = async ({ proxy }: Candidate, count: number): Promise<void> => {
    await createTenants(world, ["after"]);
    await waitForFleet(world, count, 60_000);
    expect(writesIn(proxy).length).toBeGreaterThan(0);
  };

  test("the other one takes over within 17 s of a kill -9", async () => {
    first.operator.signal("SIGKILL");
    const ms = await waitForLeader(world.kube.api, "second", 2 * takeOverMsMax);
    console.log(`took over ${Math.round(ms)} ms after kill -9`);
    expect(ms).toBeLessThan(takeOverMsMax);
    await expectWork(second, 2);
  }, 120_000);

  test("one that is told to stop gives the Lease back: the other one leads within 3 s", async () => {
    const stopped = first.operator.stop();
    const ms = await waitForLeader(world.kube.api, "second", takeOverMsMax);
    expect(await stopped).toBe("exit code 0");
    console.log(`took over ${Math.round(ms)} ms after SIGTERM`);
    expect(ms).toBeLessThan(releaseMsMax);
    await expectWork(second, 2);
  }, 120_000);

  test("one that was frozen writes nothing when it wakes after another has taken over, and ends", async () => {
    first.operator.signal("SIGSTOP");
    // Something that it would do first of all.
    await world.kube.api.patch(tenantsPath(world.namespace, "before"), { spec: { gateway: { replicas: 3 } } });
    await wait(frozenMs);
    await waitForLeader(world.kube.api, "second", takeOverMsMax);
    await expectWork(second, 2);
    const { length } = writesIn(first.proxy);
    first.operator.signal("SIGCONT");
    expect(await first.operator.ended).toBe("exit code 3");
    expect(
      writesIn(first.proxy)
        .slice(length)
        .map(({ verb, path }) => `${verb} ${path}`),
    ).toEqual([]);
  }, 120_000);

  test("one that is cut off from the API ends in time, and the other one goes on", async () => {
    first.proxy.stall();
    const startedAt = performance.now();
    const ended = first.operator.ended.then((how) => ({ how, ms: performance.now() - startedAt }));
    const ms = await waitForLeader(world.kube.api, "second", 2 * takeOverMsMax);
    const { how, ms: endedMs } = await ended;
    expect(how).toBe("exit code 3");
    expect(endedMs, "it ends before the other one may begin").toBeLessThan(ms);
    expect(ms).toBeLessThan(takeOverMsMax);
    await expectWork(second, 2);
    const writes = writesIn(first.proxy).length;
    expect(await waitUntil(() => writesIn(first.proxy).length > writes, { limitMs: 1000 })).toBe(false);
  }, 120_000);
});
