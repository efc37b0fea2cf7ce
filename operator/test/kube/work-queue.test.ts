import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRateLimiter } from "../../src/kube/rate-limiter.ts";
import { createStormBreaker } from "../../src/kube/storm-breaker.ts";
import type { Priority } from "../../src/kube/priority.ts";
import { priorities } from "../../src/kube/priority.ts";
import type { WorkItem, WorkQueue } from "../../src/kube/work-queue.ts";
import { createWorkQueue } from "../../src/kube/work-queue.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock, settle } from "./test-clock.ts";

const open = (keysMax?: number): { clock: TestClock; queue: WorkQueue } => {
  const clock = createTestClock();
  const rateLimiter = createRateLimiter({ clock });
  return { clock, queue: createWorkQueue({ clock, rateLimiter, ...(keysMax === undefined ? {} : { keysMax }) }) };
};
const dueIn = (queue: WorkQueue): number =>
  priorities.map((priority) => queue.depth(priority)).reduce((sum, depth) => sum + depth);

/** What is due now, as keys, each done at once. */
const takeAll = async (queue: WorkQueue): Promise<string[]> => {
  const keys: string[] = [];
  while (dueIn(queue) > 0) {
    const { key } = (await queue.take()) as WorkItem;
    keys.push(key);
    queue.done(key);
  }
  return keys;
};

describe("a work queue", () => {
  test("has each key once, in the order of arrival", async () => {
    const { queue } = open();
    for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
    expect(await takeAll(queue)).toEqual(["a", "b", "c"]);
  });

  test("hands a key that is added while it is worked on to nobody before it is done, and then once more", async () => {
    const { queue } = open();
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("a");
    const next = queue.take();
    await settle();
    expect(queue.depth("normal")).toBe(0);
    queue.done("a");
    expect(await next).toEqual({ key: "a", priority: "normal" });
    queue.done("a");
    expect(queue.depth("normal")).toBe(0);
  });

  test("the most urgent keys go first; an add lifts a key that is less urgent, and lowers none", async () => {
    const { queue } = open();
    for (const key of ["a", "b", "c", "e"]) queue.add(key, "low");
    queue.add("d");
    queue.add("c");
    queue.add("d", "low");
    queue.add("e", "high");
    queue.add("e");
    expect(await takeAll(queue)).toEqual(["e", "d", "c", "a", "b"]);
  });

  test("who takes only what is urgent is handed nothing else, also what is lifted to it, and ends with the queue", async () => {
    const { queue } = open();
    const urgent = queue.take("high");
    queue.add("a", "low");
    queue.add("b");
    await settle();
    expect([queue.depth("normal"), queue.depth("low")]).toEqual([1, 1]);
    queue.add("a", "high");
    expect(await urgent).toEqual({ key: "a", priority: "high" });
    const next = queue.take("high");
    queue.shutDown();
    expect(await next).toBeUndefined();
    expect(await queue.take()).toEqual({ key: "b", priority: "normal" });
  });

  test("a key that is lifted while it is worked on comes again as a normal one", async () => {
    const { queue } = open();
    queue.add("a", "low");
    queue.add("b", "low");
    await queue.take();
    queue.add("a", "low");
    queue.add("a");
    queue.done("a");
    expect(await takeAll(queue)).toEqual(["a", "b"]);
  });

  test("of several waits of a key the earliest counts, and an add does not wait", async () => {
    const { clock, queue } = open();
    queue.addAfter("a", 500);
    queue.addAfter("a", 100);
    queue.addAfter("a", 300);
    await clock.advance(99);
    expect(queue.depth("normal")).toBe(0);
    expect(queue.waiting).toBe(1);
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(["a"]);
    await clock.advance(1000);
    expect(await takeAll(queue)).toEqual([]);
    queue.addAfter("b", 500);
    queue.add("b");
    expect(await takeAll(queue)).toEqual(["b"]);
  });

  test("one timer serves all waits: it is that of the earliest", () => {
    const { clock, queue } = open();
    for (const ms of [400, 200, 300, 100]) queue.addAfter(`k${ms}`, ms);
    expect(clock.sleeps).toEqual([100]);
  });

  test("a key that keeps failing waits longer each time, and after `forget` as at first", async () => {
    const { clock, queue } = open();
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      queue.addRateLimited("a");
      const [ms = Number.NaN] = clock.sleeps;
      waits.push(ms);
      await clock.advance(ms);
      await takeAll(queue);
    }
    queue.forget("a");
    queue.addRateLimited("a");
    expect([...waits, clock.sleeps[0]]).toEqual([5, 10, 20, 40, 5]);
  });

  test("refuses a key that is one too many, and takes it when there is room", async () => {
    const { queue } = open(3);
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 1000);
    expect(() => queue.add("d")).toThrow("unable to queue a key; 3 are waiting");
    expect(() => queue.addAfter("d", 10)).toThrow("unable to queue a key; 3 are waiting");
    queue.add("a");
    const { key } = (await queue.take()) as WorkItem;
    queue.add("d");
    expect(() => queue.add("e")).toThrow("unable to queue a key");
    // A key that is being worked on has its room.
    queue.addRateLimited(key);
    queue.done(key);
    expect(await takeAll(queue)).toEqual(["b", "d"]);
    queue.add("e");
    expect(queue.depth("normal")).toBe(1);
  });

  test("shut down, it hands out what is due, drops what waits, takes nothing and answers undefined", async () => {
    const { clock, queue } = open();
    queue.add("a");
    queue.addAfter("b", 100);
    queue.shutDown();
    queue.add("c");
    queue.addAfter("d", 0);
    expect(await queue.take()).toEqual({ key: "a", priority: "normal" });
    expect(await queue.take()).toBeUndefined();
    expect(queue.waiting).toBe(0);
    expect(clock.sleeps).toEqual([]);
  });

  test("those who wait for a key when it is shut down are told", async () => {
    const { queue } = open();
    const waiting = [queue.take(), queue.take()];
    queue.shutDown();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });
});

describe("the storm breaker of a queue", () => {
  const openCalm = (burst: number): { clock: TestClock; queue: WorkQueue; told: string[] } => {
    const clock = createTestClock();
    const told: string[] = [];
    const metrics = {
      added: () => told.push("added"),
      calmed: () => told.push("calmed"),
      taken: () => undefined,
      finished: () => undefined,
      retried: () => undefined,
      observe: () => undefined,
    };
    const stormBreaker = createStormBreaker({ clock, burst });
    return {
      clock,
      queue: createWorkQueue({ clock, rateLimiter: createRateLimiter({ clock }), stormBreaker, metrics }),
      told,
    };
  };

  test("§1.2 event storm: after a burst the changes of a key come once a second, the last one included; others do not wait", async () => {
    const { clock, queue, told } = openCalm(5);
    let works = 0;
    for (let n = 0; n < 100; n++) {
      queue.add("stormy");
      works += (await takeAll(queue)).length;
      await clock.advance(100);
    }
    // Five at once, and one for each of ten seconds, with what the bucket gains meanwhile.
    expect(works).toBeGreaterThanOrEqual(10);
    expect(works).toBeLessThanOrEqual(25);
    expect(told.filter((one) => one === "calmed").length).toBeGreaterThan(75);
    queue.add("calm");
    expect(await takeAll(queue)).toEqual(["calm"]);
    await clock.advance(1000);
    expect(await takeAll(queue)).toEqual(["stormy"]);
    expect(queue.waiting).toBe(0);
  });

  test("what comes round again is no storm, and neither is a change after a while", async () => {
    const { clock, queue } = openCalm(1);
    queue.add("a");
    await takeAll(queue);
    queue.add("a", "low");
    expect(await takeAll(queue)).toEqual(["a"]);
    await clock.advance(1000);
    queue.add("a");
    expect(await takeAll(queue)).toEqual(["a"]);
  });

  test("of many keys those that changed last are counted", () => {
    const breaker = createStormBreaker({ clock: createTestClock(), burst: 1, keysMax: 2 });
    expect(["a", "b", "c", "b", "a"].map((one) => breaker.delayMs(one))).toEqual([0, 0, 0, 1000, 0]);
  });
});

type Step =
  | { readonly do: "add"; readonly key: string; readonly priority: Priority }
  | { readonly do: "addAfter"; readonly key: string; readonly ms: number }
  | { readonly do: "addRateLimited" | "forget"; readonly key: string }
  | { readonly do: "take"; readonly least: Priority }
  | { readonly do: "finish" }
  | { readonly do: "wait"; readonly ms: number };

const key = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key, priority: fc.constantFrom<Priority>(...priorities) }),
  fc.record({ do: fc.constant("addAfter" as const), key, ms: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ do: fc.constantFrom("addRateLimited" as const, "forget" as const), key }),
  fc.record({ do: fc.constant("take" as const), least: fc.constantFrom<Priority>(...priorities) }),
  fc.record({ do: fc.constant("finish" as const) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 60 }) }),
);

describe("whatever is done with a work queue", () => {
  test("a key is never with two workers, and after every add there is a work on it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, queue } = open();
        /** Keys that were added since their last work began. */
        const owed = new Set<string>();
        const working: string[] = [];
        const takers: Promise<void>[] = [];
        const begin = async (least: Priority): Promise<void> => {
          const item = await queue.take(least);
          if (!item) return;
          if (priorities.indexOf(item.priority) > priorities.indexOf(least))
            throw new Error(`${item.key} is not urgent`);
          if (working.includes(item.key)) throw new Error(`${item.key} is worked on twice`);
          working.push(item.key);
          owed.delete(item.key);
        };
        for (const one of steps) {
          if (one.do === "add") queue.add(one.key, one.priority);
          else if (one.do === "addAfter") queue.addAfter(one.key, one.ms);
          else if (one.do === "addRateLimited") queue.addRateLimited(one.key);
          else if (one.do === "forget") queue.forget(one.key);
          else if (one.do === "take") takers.push(begin(one.least));
          else if (one.do === "wait") await clock.advance(one.ms);
          else {
            const done = working.shift();
            if (done !== undefined) queue.done(done);
          }
          if ("key" in one && one.do !== "forget") owed.add(one.key);
          // Takers get their keys before the next step.
          await Promise.resolve();
          await Promise.resolve();
        }
        await clock.advance(1_000_000);
        for (let n = 0; n < 20; n++) {
          for (let done = working.shift(); done !== undefined; done = working.shift()) queue.done(done);
          if (dueIn(queue) === 0 && owed.size === 0) break;
          takers.push(begin("low"));
          await settle();
        }
        expect([...owed]).toEqual([]);
        queue.shutDown();
        await Promise.all(takers);
      }),
      { numRuns: 60 },
    );
  });
});
