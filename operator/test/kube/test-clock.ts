import type { Clock } from "../../src/kube/clock.ts";

/** Time that passes when a test says so. */
export interface TestClock extends Clock {
  /** Lets so much time pass, in order of what falls due; what a sleep was for has run when the next one ends. */
  advance(ms: number): Promise<void>;
  /** Time passes while nothing runs, as when the event loop is blocked: what fell due meanwhile comes late. */
  block(ms: number): Promise<void>;
  /** Milliseconds that each sleep still has, shortest first. */
  readonly sleeps: readonly number[];
}

interface Sleep {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** Starts at 0 ms, 2026-01-01T00:00:00Z. Without `random` there is no jitter: it is always in the middle. */
export const createTestClock = (random: () => number = () => 0.5): TestClock => {
  const startedAt = Date.parse("2026-01-01T00:00:00Z");
  const sleeps = new Set<Sleep>();
  let now = 0;
  const next = (until: number): Sleep | undefined =>
    [...sleeps].filter(({ dueAt }) => dueAt <= until).toSorted((a, b) => a.dueAt - b.dueAt)[0];
  const wakeUntil = async (until: number, moving: boolean): Promise<void> => {
    await settle();
    for (let sleep = next(until); sleep; sleep = next(until)) {
      if (moving) now = Math.max(now, sleep.dueAt);
      sleeps.delete(sleep);
      sleep.wake();
      await settle();
    }
  };
  return {
    now: () => now,
    date: () => new Date(startedAt + now),
    random,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          sleeps.delete(sleep);
          reject(signal?.reason as Error);
        };
        const wake = (): void => {
          signal?.removeEventListener("abort", stop);
          resolve();
        };
        const sleep = { dueAt: now + Math.max(0, ms), wake };
        if (signal?.aborted) {
          stop();
          return;
        }
        sleeps.add(sleep);
        signal?.addEventListener("abort", stop, { once: true });
      }),
    async advance(ms) {
      const until = now + ms;
      await wakeUntil(until, true);
      now = until;
    },
    async block(ms) {
      now += ms;
      await wakeUntil(now, false);
    },
    get sleeps() {
      return [...sleeps].map(({ dueAt }) => dueAt - now).toSorted((a, b) => a - b);
    },
  };
};

/** Lets everything run that waits for no time. */
export const settle = async (): Promise<void> => {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
};
