import { describe, expect, test } from "vitest";
import type { TestTimers } from "../../scripts/testing/test-timers.ts";
import { createTestTimers } from "../../scripts/testing/test-timers.ts";
import type { Feed } from "../src/realtime/feed/feed.ts";
import { createFeed } from "../src/realtime/feed/feed.ts";
import type { LogEvent } from "../src/store/log.ts";

/** A feed with a log that answers when the test says so. */
interface Scene {
  readonly feed: Feed;
  readonly timers: TestTimers;
  /** `room/seq` of what was delivered, in order. */
  readonly delivered: readonly string[];
  /** Readings that wait for their answer. */
  readonly reads: readonly { readonly roomId: string; readonly afterSeq: number; readonly limit: number }[];
  readonly errors: readonly unknown[];
  /** Answers the oldest reading with these events, or with an error. */
  answer(events: readonly number[] | Error): Promise<void>;
}

const event = (seq: number, roomId = "r"): LogEvent => ({ type: "unknown", roomId, seq });
const events = (...seqs: readonly number[]): LogEvent[] => seqs.map((seq) => event(seq));

const createScene = (): Scene => {
  const timers = createTestTimers();
  const delivered: string[] = [];
  const errors: unknown[] = [];
  const reads: { roomId: string; afterSeq: number; limit: number; settle: PromiseWithResolvers<LogEvent[]> }[] = [];
  const feed = createFeed({
    timers,
    readLog(_tenantId, roomId, afterSeq, limit) {
      const settle = Promise.withResolvers<LogEvent[]>();
      reads.push({ roomId, afterSeq, limit, settle });
      return settle.promise;
    },
    deliver: (_tenantId, { roomId, seq }) => void delivered.push(`${roomId}/${seq}`),
    onReadError: (error) => errors.push(error),
    onInterest: () => undefined,
  });
  return {
    feed,
    timers,
    delivered,
    reads,
    errors,
    async answer(answer) {
      const read = reads.shift();
      if (!read) throw new Error("nothing is being read");
      if (answer instanceof Error) read.settle.reject(answer);
      else read.settle.resolve(answer.map((seq) => event(seq, read.roomId)));
      await Promise.allSettled([read.settle.promise]);
      // What follows the reading runs after it.
      await Promise.resolve();
    },
  };
};

const upTo = (last: number, roomId = "r"): string[] => Array.from({ length: last }, (_, n) => `${roomId}/${n + 1}`);

describe("order", () => {
  test("events that come in order are delivered at once, and nothing is read", () => {
    const { feed, delivered, timers } = createScene();
    feed.open("a", "r", 0);
    feed.offer("a", events(1, 2));
    feed.offer("a", events(3));
    expect(delivered).toEqual(upTo(3));
    expect(timers.running).toEqual([]);
  });

  test("events that come early wait for those before them; copies are dropped", () => {
    const { feed, delivered } = createScene();
    feed.open("a", "r", 0);
    feed.offer("a", events(3, 2, 2, 5));
    expect(delivered).toEqual([]);
    feed.offer("a", events(1, 1, 3, 4, 2));
    expect(delivered).toEqual(upTo(5));
  });

  test("rooms of one name in two tenants are two rooms", () => {
    const { feed, delivered } = createScene();
    feed.open("a", "r", 0);
    feed.open("b", "r", 5);
    feed.offer("b", events(6));
    feed.offer("a", events(1));
    expect(delivered).toEqual(["r/6", "r/1"]);
  });

  test("what comes before the position of the first member is not delivered", () => {
    const { feed, delivered } = createScene();
    expect(feed.open("a", "r", 4)).toBe(4);
    feed.offer("a", events(3, 4, 5));
    expect(delivered).toEqual(["r/5"]);
  });

  test("a second member learns where delivery stands; when delivery is behind, it catches up", async () => {
    const { feed, delivered, timers, answer } = createScene();
    feed.open("a", "r", 2);
    feed.offer("a", events(3, 4));
    expect(feed.open("a", "r", 3)).toBe(4);
    expect(feed.open("a", "r", 6)).toBe(4);
    timers.advance(20);
    await answer([5, 6]);
    expect(delivered).toEqual(["r/3", "r/4", "r/5", "r/6"]);
  });
});

describe("holes", () => {
  test("a hole that fills by itself within 20 ms reads nothing", () => {
    const { feed, delivered, timers, reads } = createScene();
    feed.open("a", "r", 0);
    feed.offer("a", events(2));
    timers.advance(19);
    feed.offer("a", events(1));
    timers.advance(60_000);
    expect(reads).toEqual([]);
    expect(delivered).toEqual(upTo(2));
    expect(timers.running).toEqual([]);
  });

  test("a hole that stays is read from the log, once, however much comes meanwhile", async () => {
    const { feed, delivered, timers, reads, answer } = createScene();
    feed.open("a", "r", 0);
    feed.offer("a", events(3));
    timers.advance(20);
    expect(reads).toMatchObject([{ roomId: "r", afterSeq: 0 }]);
    feed.offer("a", events(5, 7));
    feed.hear("a", "r", 9);
    timers.advance(10_000);
    expect(reads).toHaveLength(1);
    await answer([1, 2, 3, 4, 5, 6]);
    expect(delivered).toEqual(upTo(7));
    expect(feed.gaps()).toBe(1);
    timers.advance(20);
    expect(reads).toMatchObject([{ afterSeq: 7 }]);
    await answer([8, 9]);
    expect(delivered).toEqual(upTo(9));
    expect(feed.gaps()).toBe(0);
    expect(timers.running).toEqual([]);
  });

  test("what nobody rang for is found by hearing that the room has moved", async () => {
    const { feed, delivered, timers, answer } = createScene();
    feed.open("a", "r", 0);
    feed.hear("a", "r", 2);
    timers.advance(20);
    await answer([1, 2]);
    expect(delivered).toEqual(upTo(2));
  });

  test("a hole larger than one reading is read in steps", async () => {
    const { feed, delivered, timers, reads, answer } = createScene();
    feed.open("a", "r", 0);
    feed.hear("a", "r", 450);
    for (let steps = 0; feed.gaps() > 0; steps++) {
      expect(steps).toBeLessThan(3);
      timers.advance(20);
      const { afterSeq, limit } = reads[0] ?? { afterSeq: 0, limit: 0 };
      await answer(Array.from({ length: Math.min(limit, 450 - afterSeq) }, (_, n) => afterSeq + n + 1));
    }
    expect(delivered).toEqual(upTo(450));
  });

  test("more early events than are kept are read again, and none is missing", async () => {
    const { feed, delivered, timers, reads, answer } = createScene();
    feed.open("a", "r", 0);
    for (let seq = 2; seq <= 1500; seq++) feed.offer("a", events(seq));
    timers.advance(20);
    await answer([1]);
    // 1,000 were kept.
    expect(delivered).toEqual(upTo(1001));
    for (let rounds = 0; feed.gaps() > 0 && rounds < 5; rounds++) {
      timers.advance(20);
      const afterSeq = reads[0]?.afterSeq ?? 0;
      await answer(Array.from({ length: Math.min(200, 1500 - afterSeq) }, (_, n) => afterSeq + n + 1));
    }
    expect(delivered).toEqual(upTo(1500));
  });

  test("a log that cannot be read is asked less and less often, at least once a second, and again quickly once it answers", async () => {
    const { feed, delivered, timers, errors, answer } = createScene();
    feed.open("a", "r", 0);
    feed.hear("a", "r", 3);
    const waits: number[] = [];
    for (let n = 0; n < 9; n++) {
      const [ms = 0] = timers.running;
      waits.push(ms);
      timers.advance(ms);
      await answer(new Error("away"));
    }
    expect(waits).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
    expect(errors).toHaveLength(9);
    timers.advance(1000);
    await answer([1]);
    expect(timers.running).toEqual([20]);
    timers.advance(20);
    await answer([2, 3]);
    expect(delivered).toEqual(upTo(3));
  });
});

describe("rooms that come and go", () => {
  test("a room that is closed while it is read gets nothing, and asks no more", async () => {
    const { feed, delivered, timers, answer } = createScene();
    feed.open("a", "r", 0);
    feed.hear("a", "r", 2);
    timers.advance(20);
    feed.close("a", "r");
    await answer([1, 2]);
    expect(delivered).toEqual([]);
    expect(timers.running).toEqual([]);
    expect(feed.isOpen("a", "r")).toBe(false);
  });

  test("a room that is closed and opened while it is read begins where the new member stands", async () => {
    const { feed, delivered, timers, reads, answer } = createScene();
    feed.open("a", "r", 0);
    feed.hear("a", "r", 2);
    timers.advance(20);
    feed.close("a", "r");
    feed.open("a", "r", 1);
    // The late answer to the old reading is not this room's.
    await answer([1, 2]);
    expect(delivered).toEqual([]);
    timers.advance(20);
    expect(reads).toMatchObject([{ afterSeq: 1 }]);
    await answer([2]);
    expect(delivered).toEqual(["r/2"]);
  });

  test("what is heard of a room before its first member is in is not forgotten", async () => {
    const { feed, delivered, timers, answer } = createScene();
    feed.hear("a", "r", 7);
    feed.offer("a", events(5));
    feed.open("a", "r", 5);
    timers.advance(20);
    await answer([6, 7]);
    expect(delivered).toEqual(["r/6", "r/7"]);
  });

  test("rooms without members are remembered up to a bound, the latest heard first, and never read", () => {
    const { feed, timers } = createScene();
    for (let n = 0; n < 10_002; n++) feed.hear("a", `room${n}`, 1);
    expect(timers.running).toEqual([]);
    feed.open("a", "room0", 0);
    expect(timers.running).toEqual([]);
    feed.open("a", "room10001", 0);
    expect(timers.running).toEqual([20]);
  });

  test("after the stop nothing is delivered and no timer runs", async () => {
    const { feed, delivered, timers, answer } = createScene();
    feed.open("a", "r", 0);
    feed.open("a", "s", 0);
    feed.hear("a", "r", 1);
    timers.advance(20);
    feed.hear("a", "s", 1);
    feed.stop();
    await answer([1]);
    feed.offer("a", events(1));
    expect(delivered).toEqual([]);
    expect(timers.running).toEqual([]);
  });
});

describe("reaching what somebody has seen by reading", () => {
  test("resolves at once for rooms that are closed, or that far", async () => {
    const { feed } = createScene();
    feed.open("a", "r", 5);
    expect(
      await feed.reach("a", [
        { roomId: "r", lastSeq: 5 },
        { roomId: "s", lastSeq: 9 },
      ]),
    ).toBe(true);
  });

  test("reads what is missing, and resolves after the event has been delivered, not before", async () => {
    const scene = createScene();
    scene.feed.open("a", "r", 5);
    let reached: boolean | undefined;
    const reaching = scene.feed.reach("a", [{ roomId: "r", lastSeq: 7 }]).then((found) => (reached = found));
    scene.timers.advance(20);
    expect(scene.reads).toMatchObject([{ roomId: "r", afterSeq: 5 }]);
    await scene.answer([6]);
    expect(reached).toBeUndefined();
    scene.feed.offer("a", events(7));
    await reaching;
    expect(reached).toBe(true);
    expect(scene.delivered).toEqual(["r/6", "r/7"]);
  });

  test("gives up when the log cannot be read, and when the room is closed there is nothing to wait for", async () => {
    const scene = createScene();
    scene.feed.open("a", "r", 5);
    const late = scene.feed.reach("a", [{ roomId: "r", lastSeq: 6 }]);
    scene.timers.advance(3000);
    expect(await late).toBe(false);
    const closed = scene.feed.reach("a", [{ roomId: "r", lastSeq: 6 }]);
    scene.feed.close("a", "r");
    expect(await closed).toBe(true);
  });
});
