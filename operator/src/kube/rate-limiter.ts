import type { Clock } from "./clock.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** How long a key that failed waits for its next try (client-go, `util/workqueue/default_rate_limiters.go`). */
export interface RateLimiter {
  /** Counts a failure; answers in how many milliseconds to try again. */
  when(key: string): number;
  /** The key is well again: its next failure is its first. */
  forget(key: string): void;
  /** Failures since the key was last well. */
  failures(key: string): number;
}

export interface RateLimiterOptions {
  readonly clock: Clock;
  /** Wait after the first failure; each further one doubles it. */
  readonly delayMs?: number;
  readonly delayMsMax?: number;
  /** Retries of all keys together. */
  readonly perSecond?: number;
  readonly burst?: number;
}

/** The longer of two waits: the key's own, which doubles, and that of the bucket which all keys share. */
export const createRateLimiter = (options: RateLimiterOptions): RateLimiter => {
  const { clock, delayMs = 5, delayMsMax = 300_000, perSecond = 10, burst = 100 } = options;
  const failures = new Map<string, number>();
  const bucket = createTokenBucket(clock, perSecond, burst);
  return {
    when(key) {
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      return Math.max(Math.min(delayMs * 2 ** before, delayMsMax), bucket.reserve());
    },
    forget: (key) => void failures.delete(key),
    failures: (key) => failures.get(key) ?? 0,
  };
};
