import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import { createFeed } from "../src/realtime/feed/feed.ts";
import type { LogEvent } from "../src/store/log.ts";

// Whatever becomes of doorbells and readings: what is delivered to a room's members has no hole, no copy and no other
// order, and once the log can be read, all of it is there.

type Step =
  | { readonly do: "commit"; readonly count: number }
  /** Doorbells of some of what was committed, in any order, some twice, the rest lost. */
  | { readonly do: "ring"; readonly picks: readonly number[] }
  | { readonly do: "hear"; readonly pick: number }
  | { readonly do: "pass"; readonly ms: number }
  /** The oldest reading is answered, or fails. */
  | { readonly do: "read"; readonly fails: boolean; readonly limit: number }
  /** The first member looks where the room stands, and is let in some steps later. */
  | { readonly do: "look" }
  | { readonly do: "enter" }
  | { readonly do: "leave" };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("commit" as const), count: fc.integer({ min: 1, max: 5 }) }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("ring" as const), picks: fc.array(fc.nat({ max: 8 }), { maxLength: 6 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("hear" as const), pick: fc.nat({ max: 8 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 10, 20, 100, 1000) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("read" as const),
        fails: fc.boolean(),
        limit: fc.integer({ min: 0, max: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("look" as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("enter" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const) }) },
  ),
  { maxLength: 80, size: "max" },
);

const event = (seq: number): LogEvent => ({ type: "unknown", roomId: "r", seq });

/** Runs the steps, then lets the log be read, and answers what one visit after the other was given. */
const run = async (all: readonly Step[]) => {
  const timers = createTestTimers();
  const visits: { readonly from: number; readonly seqs: number[]; isOver: boolean }[] = [];
  let head = 0;
  let looked = 0;
  let interested = false;
  const reads: { readonly afterSeq: number; readonly settle: PromiseWithResolvers<LogEvent[]> }[] = [];
  const feed = createFeed({
    timers,
    readLog(_tenantId, _roomId, afterSeq) {
      const settle = Promise.withResolvers<LogEvent[]>();
      reads.push({ afterSeq, settle });
      return settle.promise;
    },
    deliver: (_tenantId, { seq }) => void visits.at(-1)?.seqs.push(seq),
    onReadError: () => undefined,
    onInterest(_tenantId, _roomId, isOpen) {
      expect(isOpen).toBe(!interested);
      interested = isOpen;
    },
  });
  const answer = async (fails: boolean, limit: number): Promise<void> => {
    const read = reads.shift();
    if (!read) return;
    const found = Array.from({ length: Math.min(limit, head - read.afterSeq) }, (_, n) => event(read.afterSeq + n + 1));
    if (fails) read.settle.reject(new Error("away"));
    else read.settle.resolve(found);
    await Promise.allSettled([read.settle.promise]);
    await Promise.resolve();
  };
  /** The latest that the feed was told of. */
  let told = 0;
  const offer = (seqs: readonly number[]): void => {
    told = Math.max(told, ...seqs);
    feed.offer("a", seqs.map(event));
  };
  const hear = (seq: number): void => {
    told = Math.max(told, seq);
    feed.hear("a", "r", seq);
  };
  const latest = (pick: number): number => Math.max(1, head - pick);
  const act = async (step: Step): Promise<void> => {
    switch (step.do) {
      case "commit":
        head += step.count;
        return;
      case "ring":
        if (head > 0) offer(step.picks.map(latest));
        return;
      case "hear":
        if (head > 0) hear(latest(step.pick));
        return;
      case "pass":
        timers.advance(step.ms);
        return;
      case "read":
        await answer(step.fails, step.limit);
        return;
      case "look":
        looked = head;
        return;
      case "enter": {
        const from = feed.open("a", "r", looked);
        if (visits.at(-1)?.isOver ?? true) visits.push({ from, seqs: [], isOver: false });
        return;
      }
      case "leave":
        feed.close("a", "r");
        visits.splice(-1, 1, ...visits.slice(-1).map((visit) => ({ ...visit, isOver: true })));
    }
  };
  for (const step of all) {
    await act(step);
    expect(interested).toBe(feed.isOpen("a", "r"));
  }
  // The database is back.
  const settle = async (): Promise<void> => {
    for (let rounds = 0; rounds < 50 && feed.gaps() > 0; rounds++) {
      timers.advance(1000);
      await answer(false, 200);
    }
  };
  const standing = (): number | undefined => {
    const last = visits.at(-1);
    return last && !last.isOver ? last.from + last.seqs.length : undefined;
  };
  await settle();
  const afterWhatWasTold = standing();
  const toldBefore = told;
  // The poll of the log tells how far the room has come.
  hear(head);
  await settle();
  return { visits, head, told: toldBefore, afterWhatWasTold, inTheEnd: standing(), timers, feed };
};

test("whatever comes, in whatever order, is delivered without a hole, and in the end all of it", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { visits, head, told, afterWhatWasTold = told, inTheEnd = head, timers, feed } = await run(all);
      for (const { from, seqs } of visits) expect(seqs).toEqual(seqs.map((_, n) => from + n + 1));
      expect(afterWhatWasTold).toBeGreaterThanOrEqual(told);
      expect(inTheEnd).toBe(head);
      expect(feed.gaps()).toBe(0);
      feed.stop();
      expect(timers.running).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
