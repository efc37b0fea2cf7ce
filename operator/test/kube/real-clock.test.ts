import { describe, expect, test, vi } from "vitest";
import { createRealClock } from "../../src/kube/real-clock.ts";
import { TimeLimitExceeded, leaveAfter, withTimeLimit } from "../../src/kube/time-limit.ts";
import { createTestClock } from "./test-clock.ts";

describe("the real clock", () => {
  test("sleeps, and stops sleeping with the signal's reason", async () => {
    const clock = createRealClock();
    const startedAt = clock.now();
    await clock.sleep(20);
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(19);
    const stop = new AbortController();
    const slept = clock.sleep(60_000, stop.signal);
    const reason = new Error("stop");
    stop.abort(reason);
    await expect(slept).rejects.toBe(reason);
    await expect(clock.sleep(60_000, stop.signal)).rejects.toBe(reason);
  });

  test("sleeps for 90 days when a key is to be rotated then, though timers of Node end after 24.8", async () => {
    vi.useFakeTimers();
    try {
      let hasSlept = false;
      void createRealClock()
        .sleep(90 * 86_400_000)
        .then(() => {
          hasSlept = true;
        });
      await vi.advanceTimersByTimeAsync(89 * 86_400_000);
      expect(hasSlept).toBe(false);
      await vi.advanceTimersByTimeAsync(86_400_000);
      expect(hasSlept).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a time limit", () => {
  test("aborts the work, waits for its end and says what it was", async () => {
    const clock = createTestClock();
    const cause = new Error("interrupted");
    const limited = withTimeLimit(clock, 1000, undefined, async (signal) => {
      await clock.sleep(5000, signal).catch(() => undefined);
      throw cause;
    });
    const failure = limited.catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await failure).toBeInstanceOf(TimeLimitExceeded);
    expect(await failure).toMatchObject({ message: "unable to finish; it took longer than 1000 ms", cause });
  });

  test("hands on the abort from above, and leaves no timer behind", async () => {
    const clock = createTestClock();
    const above = new AbortController();
    const limited = withTimeLimit(clock, 1000, above.signal, (signal) => clock.sleep(5000, signal));
    const reason = new Error("stop");
    above.abort(reason);
    await expect(limited).rejects.toBe(reason);
    expect(await withTimeLimit(clock, 1000, undefined, async () => 7)).toBe(7);
    expect(clock.sleeps).toEqual([]);
  });

  test("that leaves the work behind ends at once, whatever the work does later", async () => {
    const clock = createTestClock();
    const work = Promise.withResolvers<number>();
    const left = leaveAfter(clock, 1000, undefined, work.promise).catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await left).toBeInstanceOf(TimeLimitExceeded);
    work.reject(new Error("late"));
    expect(await leaveAfter(clock, 1000, undefined, Promise.resolve(7))).toBe(7);
    expect(clock.sleeps).toEqual([]);
  });
});
