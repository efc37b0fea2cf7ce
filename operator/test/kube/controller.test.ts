import { describe, expect, test } from "vitest";
import type { ControllerOptions } from "../../src/kube/controller.ts";
import { runController } from "../../src/kube/controller.ts";
import type { ControllerMetrics } from "../../src/kube/engine-metrics.ts";
import { KubeError } from "../../src/kube/kube-error.ts";
import { createRateLimiter } from "../../src/kube/rate-limiter.ts";
import type { ReconcileResult } from "../../src/kube/reconcile-result.ts";
import { RetryLater, TerminalError } from "../../src/kube/reconcile-result.ts";
import type { WorkQueue } from "../../src/kube/work-queue.ts";
import { createWorkQueue } from "../../src/kube/work-queue.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock, settle } from "./test-clock.ts";

interface Scene extends AsyncDisposable {
  readonly clock: TestClock;
  readonly queue: WorkQueue;
  /** Milliseconds at which each key was worked on. */
  visits(key: string): readonly number[];
  /** Class of every failure that was told. */
  readonly failures: string[];
  /** What the metrics were told: `success`, `error`, `panic` … */
  readonly metrics: string[];
  readonly stop: AbortController;
  readonly run: Promise<void>;
}

type Reconcile = (key: string, signal: AbortSignal, visit: number) => Promise<ReconcileResult>;

const start = (reconcile: Reconcile, options: Partial<ControllerOptions> = {}): Scene => {
  const clock = createTestClock();
  const queue = createWorkQueue({ clock, rateLimiter: createRateLimiter({ clock }) });
  const visits = new Map<string, number[]>();
  const failures: string[] = [];
  const told: string[] = [];
  const metrics: ControllerMetrics = {
    started: () => undefined,
    finished: (outcome) => told.push(outcome),
    terminalError: () => told.push("terminal"),
    panic: () => told.push("panic"),
    timeout: () => told.push("timeout"),
    workers: () => undefined,
  };
  const stop = new AbortController();
  const run = runController(
    {
      clock,
      queue,
      metrics,
      keys: () => [],
      onError: (_, __, { kind }) => failures.push(kind),
      async reconcile(key, signal) {
        const times = visits.get(key) ?? [];
        visits.set(key, [...times, clock.now()]);
        return await reconcile(key, signal, times.length);
      },
      ...options,
    },
    stop.signal,
  );
  return {
    clock,
    queue,
    visits: (key) => visits.get(key) ?? [],
    failures,
    metrics: told,
    stop,
    run,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("stop"));
      await run;
    },
  };
};
/** Throws on the first visit. */
const failOnce =
  (error: unknown): Reconcile =>
  async (_, __, visit) => {
    // oxlint-disable-next-line typescript/only-throw-error -- What is thrown is what is tested.
    if (visit === 0) throw error;
    return {};
  };

describe("a controller", () => {
  test("a success is followed by nothing, or by the visit that it asked for", async () => {
    await using scene = start(async (key, _, visit) => (key === "b" && visit === 0 ? { requeueAfterMs: 5000 } : {}));
    scene.queue.add("a");
    scene.queue.add("b");
    await scene.clock.advance(60_000);
    expect([scene.visits("a"), scene.visits("b")]).toEqual([[0], [0, 5000]]);
    expect(scene.metrics).toEqual(["success", "requeue_after", "success"]);
  });

  test("a failure is tried again as the rate limiter says, and a success ends the count", async () => {
    await using scene = start(async (_, __, visit) => {
      if (visit < 4 || visit === 5) throw new Error("no");
      return {};
    });
    scene.queue.add("a");
    await scene.clock.advance(1000);
    scene.queue.add("a");
    await scene.clock.advance(1000);
    expect(scene.visits("a")).toEqual([0, 5, 15, 35, 75, 1000, 1005]);
  });

  test.each([
    ["RetryLater is quiet and exact", new RetryLater("wait", 300), [0, 300], ["requeue", "success"]],
    [
      "pitfall 20: a conflict is quiet, after 1 s",
      new KubeError("", { status: 409 }),
      [0, 1000],
      ["requeue", "success"],
    ],
    ["Retry-After is kept to", new KubeError("", { status: 429, retryAfterMs: 4000 }), [0, 4000], ["error", "success"]],
    ["TerminalError is not tried again", new TerminalError("never"), [0], ["error", "terminal"]],
    [
      "pitfall 26: a namespace that is going away is left",
      new KubeError("", { status: 403, namespaceTerminating: true }),
      [0],
      ["requeue", "terminal"],
    ],
    [
      "E10: a mistake of the program is counted and tried again",
      new TypeError("x"),
      [0, 5],
      ["error", "panic", "success"],
    ],
    ["E10: whatever is thrown", null, [0, 5], ["error", "panic", "success"]],
  ] as const)("%s", async (_, error, visits, metrics) => {
    await using scene = start(failOnce(error));
    scene.queue.add("a");
    await scene.clock.advance(60_000);
    expect(scene.visits("a")).toEqual(visits);
    expect(scene.metrics).toEqual(metrics);
    expect(scene.failures.length).toBe(1);
  });

  test("a reconcile that throws before it is asynchronous is a failure like any other", async () => {
    await using scene = start(((_: string, __: AbortSignal, visit: number) => {
      if (visit === 0) throw new Error("at once");
      return Promise.resolve({});
    }) as Reconcile);
    scene.queue.add("a");
    await scene.clock.advance(1000);
    expect(scene.visits("a")).toEqual([0, 5]);
  });

  test("the time limit aborts the signal; the visit counts as a timeout and comes again", async () => {
    await using scene = start(
      async (_, signal, visit) => {
        if (visit === 0) await scene.clock.sleep(1_000_000, signal);
        return {};
      },
      { timeLimitMs: 10_000 },
    );
    scene.queue.add("a");
    await scene.clock.advance(20_000);
    expect(scene.visits("a")).toEqual([0, 10_005]);
    expect(scene.metrics).toEqual(["error", "timeout", "success"]);
  });

  test("a reconcile that does not heed its time limit keeps the key: there is never a second one on it", async () => {
    const release = Promise.withResolvers<ReconcileResult>();
    await using scene = start(() => release.promise, { timeLimitMs: 1000 });
    scene.queue.add("a");
    await scene.clock.advance(500);
    scene.queue.add("a");
    await scene.clock.advance(60_000);
    expect(scene.visits("a")).toEqual([0]);
    release.resolve({});
    await settle();
    expect(scene.visits("a").length).toBe(2);
  });

  test("so many reconciles run at a time, and an edit goes before what only comes round again", async () => {
    let running = 0;
    let most = 0;
    const order: string[] = [];
    await using scene = start(
      async (key, signal) => {
        order.push(key);
        most = Math.max(most, ++running);
        await scene.clock.sleep(100, signal);
        running--;
        return {};
      },
      { workers: 3 },
    );
    for (let n = 0; n < 30; n++) scene.queue.add(`old${n}`, "low");
    await scene.clock.advance(50);
    scene.queue.add("edited");
    await scene.clock.advance(100);
    expect(order.indexOf("edited")).toBe(3);
    await scene.clock.advance(5000);
    expect([most, order.length]).toEqual([3, 31]);
  });

  test("§5.3 scale: what somebody edits has a worker of its own, also when all others are busy", async () => {
    const begun: string[] = [];
    await using scene = start(
      async (key, signal) => {
        begun.push(key);
        await scene.clock.sleep(10_000, signal);
        return {};
      },
      { workers: 2, expressWorkers: 1 },
    );
    for (let n = 0; n < 5; n++) scene.queue.add(`old${n}`);
    await scene.clock.advance(0);
    scene.queue.add("edited", "high");
    await scene.clock.advance(0);
    expect(begun).toEqual(["old0", "old1", "edited"]);
  });

  test("every key comes round at the resync, at low priority, after 10 minutes ± 10 %", async () => {
    await using scene = start(async () => ({}), { keys: () => ["a", "b"] });
    await scene.clock.advance(3_000_000);
    const [first = 0] = scene.visits("a");
    expect(first).toBeGreaterThanOrEqual(540_000);
    expect(first).toBeLessThanOrEqual(660_000);
    expect(scene.visits("a").length).toBe(5);
    expect(scene.visits("b")).toEqual(scene.visits("a"));
  });

  test("stopped, it begins nothing, aborts what runs and ends when that has ended", async () => {
    let aborted = false;
    const release = Promise.withResolvers<ReconcileResult>();
    const scene = start(
      async (_, signal) => {
        signal.addEventListener("abort", () => {
          aborted = true;
        });
        return await release.promise;
      },
      { workers: 1 },
    );
    scene.queue.add("a");
    scene.queue.add("b");
    await settle();
    let ended = false;
    void scene.run.then(() => {
      ended = true;
    });
    scene.stop.abort(new Error("stop"));
    await settle();
    expect([aborted, ended]).toEqual([true, false]);
    release.reject(new Error("interrupted"));
    await settle();
    expect([ended, scene.visits("b"), scene.failures]).toEqual([true, [], []]);
    await scene.clock.advance(1_000_000);
    expect(scene.visits("a")).toEqual([0]);
  });
});
