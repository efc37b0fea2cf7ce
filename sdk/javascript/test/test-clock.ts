import type { Deps } from "../src/deps.ts";

/** A clock that stands still until the test moves it. */
export interface TestClock extends Pick<Deps, "now" | "setTimer"> {
  /** Moves the clock and fires, in order, the timers that are due; lets the promises behind each one run. */
  advance(ms: number): Promise<void>;
  /** Timers that are set and not yet fired or cancelled. */
  pending(): number;
}

/** Creates a clock that shows `startMs`. */
export function createTestClock(startMs = 1_800_000_000_000): TestClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();
  return {
    now: () => nowMs,
    setTimer(callback, delayMs) {
      const timer = { dueMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        await settle();
        const [next] = [...timers].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.dueMs);
        next.callback();
      }
      nowMs = endMs;
    },
    pending: () => timers.size,
  };
}

/** Lets every promise that can settle do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
