import type { Clock } from "./clock.ts";

/** So many at once, and then so many a second (golang.org/x/time/rate). */
export interface TokenBucket {
  /** Takes one that there may not be yet; answers in how many milliseconds there is. */
  reserve(): number;
  /** Takes one if there is one. */
  take(): boolean;
}

export const createTokenBucket = (clock: Clock, perSecond: number, burst: number): TokenBucket => {
  let tokens = burst;
  let countedAt = clock.now();
  const count = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - countedAt) / 1000) * perSecond);
    countedAt = now;
  };
  return {
    reserve() {
      count();
      tokens -= 1;
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1000;
    },
    take() {
      count();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
};
