import type { Clock } from "./clock.ts";

/** Waits between attempts that fail: doubled each time, with jitter, and back to the first after a time of health. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  /** All is well: the next wait is the first one again. */
  reset(): void;
}

export interface BackoffOptions {
  readonly clock: Clock;
  readonly delayMs?: number;
  readonly delayMsMax?: number;
  /** Without a failure for so long, all is well again. */
  readonly healthyMs?: number;
}

/** 0.8 s, doubled up to 30 s, each lengthened by up to its own length (client-go, `tools/cache/reflector.go`). */
export const createBackoff = (options: BackoffOptions): Backoff => {
  const { clock, delayMs = 800, delayMsMax = 30_000, healthyMs = 120_000 } = options;
  let delay = delayMs;
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    next() {
      if (clock.now() - askedAt > healthyMs) delay = delayMs;
      const wait = delay * (1 + clock.random());
      // Health begins when the wait is over: a long wait is none.
      askedAt = clock.now() + wait;
      delay = Math.min(delay * 2, delayMsMax);
      return wait;
    },
    reset() {
      delay = delayMs;
    },
  };
};
