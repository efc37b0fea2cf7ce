import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { FaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { openFaultProxy } from "../../../scripts/testing/kube/fault-proxy.ts";
import { auditedUrl, readChanges, startAudit } from "../stage/audit.ts";
import { createTenants, waitForFleet, writesIn } from "../stage/fleet.ts";
import { readHolder, waitForLeader } from "../stage/lease.ts";
import { readMetric } from "../stage/metrics.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import { tenantsPath } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

const takeOverMsMax = 17_000;
const releaseMsMax = 3000;
/** Longer than the Lease: whoever slept through it has lost it. */
const frozenMs = 20_000;
const hourMs = 3_600_000;
const late = Array.from({ length: 20 }, (_, n) => `late-${n}`);
const skewClock = pathToFileURL(join(import.meta.dirname, "../stage/skew-clock.ts")).href;

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
    await startAudit(world.database.adminUrl);
    // One clock is an hour ahead and the other an hour behind: nothing may depend on the time of day.
    first = await enter("first", hourMs);
    await waitForLeader(world.kube.api, "first", 20_000);
    second = await enter("second", -hourMs);
    await createTenants(world, ["before"]);
    await waitForFleet(world, 1, 60_000);
    expect(writesIn(second.proxy)).toEqual([]);
    expect(await readMetric(first.operator, "leader_election_master_status")).toBe(1);
    expect(await readMetric(second.operator, "leader_election_master_status")).toBe(0);
  });
  afterEach(() => parts.disposeAsync());

  const enter = async (name: string, clockSkewMs = 0): Promise<Candidate> => {
    const proxy = parts.use(await openFaultProxy(world.kube));
    const env = {
      POD_NAME: name,
      ADMIN_DATABASE_URL: auditedUrl(world.database.adminUrl, name),
      NODE_OPTIONS: `--import=${skewClock}`,
      CLOCK_SKEW_MS: String(clockSkewMs),
    };
    return { proxy, operator: parts.use(await world.startOperator({ proxy, env })) };
  };
  /** In the database, too, each one has written, and none after the first write of the next. */
  const expectNoLateChange = async (...names: readonly string[]): Promise<void> => {
    const changes = await readChanges(world.database.adminUrl);
    const turns = changes.map(({ who }) => who).filter((who, n, all) => who !== all[n - 1]);
    expect(turns).toEqual(names.length > 0 ? names : ["first", "second"]);
  };
  /** The one that leads now works. */
  const expectWork = async ({ proxy }: Candidate, count: number): Promise<void> => {
    await createTenants(world, [`after-${count}`]);
    await waitForFleet(world, count, 60_000);
    expect(writesIn(proxy).length).toBeGreaterThan(0);
  };

  test("the other one takes over within 17 s of a kill -9", async () => {
    first.operator.signal("SIGKILL");
    const ms = await waitForLeader(world.kube.api, "second", 2 * takeOverMsMax);
    console.log(`took over ${Math.round(ms)} ms after kill -9`);
    expect(ms).toBeLessThan(takeOverMsMax);
    await expectWork(second, 2);
    await expectNoLateChange();
  }, 120_000);

  test("one that is told to stop gives the Lease back: the other one leads within 3 s", async () => {
    const stopped = first.operator.stop();
    const ms = await waitForLeader(world.kube.api, "second", takeOverMsMax);
    expect(await stopped).toBe("exit code 0");
    console.log(`took over ${Math.round(ms)} ms after SIGTERM`);
    expect(ms).toBeLessThan(releaseMsMax);
    await expectWork(second, 2);
    await expectNoLateChange();
  }, 120_000);

  test("§5.3 the event loop is blocked for 20 s: it writes nothing when it wakes after another has taken over, and ends", async () => {
    first.operator.signal("SIGSTOP");
    // Something that it would do first of all, there and in the database.
    const spec = { gateway: { replicas: 3 }, settings: { values: { chat: { deletedMessageDisplay: "hidden" } } } };
    await world.kube.api.patch(tenantsPath(world.namespace, "before"), { spec });
    await wait(frozenMs);
    await waitForLeader(world.kube.api, "second", takeOverMsMax);
    await expectWork(second, 2);
    const { length } = writesIn(first.proxy);
    first.operator.signal("SIGCONT");
    // Work for whoever takes it.
    await createTenants(world, late);
    expect(await first.operator.ended).toBe("exit code 3");
    expect(
      writesIn(first.proxy)
        .slice(length)
        .map(({ verb, path }) => `${verb} ${path}`),
    ).toEqual([]);
    await waitForFleet(world, 2 + late.length, 60_000);
    await expectNoLateChange();
  }, 120_000);

  test("§5.3 the event loop is blocked in the middle of a write: what is done by the database before another leads is its last", async () => {
    const blocker = new pg.Client({ connectionString: world.database.adminUrl, application_name: "blocker" });
    await blocker.connect();
    try {
      await blocker.query("begin");
      await blocker.query("select from sendsar.tenants for update");
      const spec = { settings: { values: { chat: { deletedMessageDisplay: "hidden" } } } };
      await world.kube.api.patch(tenantsPath(world.namespace, "before"), { spec });
      const isWaiting = async (): Promise<boolean> => {
        const { rowCount } = await blocker.query(
          "select from pg_stat_activity where application_name = 'first' and wait_event_type = 'Lock'",
        );
        return (rowCount ?? 0) > 0;
      };
      expect(await waitUntil(isWaiting, { limitMs: 10_000, everyMs: 10 })).toBe(true);
      first.operator.signal("SIGSTOP");
      await blocker.query("rollback");
    } finally {
      await blocker.end();
    }
    await waitForLeader(world.kube.api, "second", 2 * takeOverMsMax);
    await expectWork(second, 2);
    first.operator.signal("SIGCONT");
    // Work for whoever takes it.
    await createTenants(world, late);
    expect(await first.operator.ended).toBe("exit code 3");
    await waitForFleet(world, 2 + late.length, 60_000);
    await expectNoLateChange();
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
    await expectNoLateChange();
  }, 120_000);

  test("§5.3 clocks that are an hour ahead and behind: nobody takes a Lease that is held, and a free one is taken in time", async () => {
    // The candidate has a clock behind the leader's, by two hours.
    const isTaken = async (): Promise<boolean> => !(await readHolder(world.kube.api)).startsWith("first_");
    expect(await waitUntil(isTaken, { limitMs: frozenMs, everyMs: 250 })).toBe(false);
    first.operator.signal("SIGKILL");
    expect(await waitForLeader(world.kube.api, "second", 2 * takeOverMsMax)).toBeLessThan(takeOverMsMax);
    await expectWork(second, 2);
    // And now ahead of it.
    const third = await enter("third", hourMs);
    const isTakenAgain = async (): Promise<boolean> => !(await readHolder(world.kube.api)).startsWith("second_");
    expect(await waitUntil(isTakenAgain, { limitMs: frozenMs, everyMs: 250 })).toBe(false);
    const stopped = second.operator.stop();
    expect(await waitForLeader(world.kube.api, "third", takeOverMsMax)).toBeLessThan(releaseMsMax);
    expect(await stopped).toBe("exit code 0");
    // The numbers of their leaderships do not come from those clocks either: the database takes what the last one writes.
    await expectWork(third, 3);
    await expectNoLateChange("first", "second", "third");
  }, 180_000);
});
