import type { Clock } from "./clock.ts";
import type { TokenBucket } from "./token-bucket.ts";
import { createTokenBucket } from "./token-bucket.ts";

/**
 * Keeps an object that changes without end (two controllers that undo each other's work) from keeping a worker busy: after
 * a burst its changes are looked at once a second, all together (crossplane, `internal/circuit/token_bucket.go`).
 */
export interface StormBreaker {
  /** Milliseconds that this change of the key has to wait; 0 but in a storm. */
  delayMs(key: string): number;
}

export interface StormBreakerOptions {
  readonly clock: Clock;
  /** Changes of a key that are looked at as they come. */
  readonly burst?: number;
  /** Changes of a key that are looked at each second after that. */
  readonly perSecond?: number;
  /** Keys that are counted; those that changed longest ago are forgotten first. */
  readonly keysMax?: number;
}

export const createStormBreaker = (options: StormBreakerOptions): StormBreaker => {
  const { clock, burst = 100, perSecond = 1, keysMax = 10_000 } = options;
  const buckets = new Map<string, TokenBucket>();
  return {
    delayMs(key) {
      const bucket = buckets.get(key) ?? createTokenBucket(clock, perSecond, burst);
      buckets.delete(key);
      buckets.set(key, bucket);
      const [oldest] = buckets.size > keysMax ? buckets.keys() : [];
      if (oldest !== undefined) buckets.delete(oldest);
      return bucket.take() ? 0 : 1000 / perSecond;
    },
  };
};
