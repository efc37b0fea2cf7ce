import { limits } from "@sendsar/protocol/limits";
import { LRUCache } from "lru-cache";
import { ChatError } from "./chat-error.ts";
import type { Meter, Rate } from "./rate-limiter/meter.ts";
import { drain, waitMs } from "./rate-limiter/meter.ts";

/**
 * Bounds how many wrong credentials an address may try on this gateway: `wrongCredentialsPerMinuteMax` (threat A18).
 *
 * A credential that is right is never refused because others at its address are wrong: behind a proxy or a company's
 * router an address is many people. So what this gateway knows is checked as always; only what it would have to ask the
 * database about is refused unseen, once an address is over the limit.
 */
export interface Attempts {
  /** Checks a credential. Throws what `verify` throws, and `rate_limited` in place of `unauthorized` over the limit. */
  check<T>(address: string, isKnown: () => boolean, verify: () => Promise<T>): Promise<T>;
}

const rate: Rate = {
  count: limits.wrongCredentialsPerMinuteMax,
  perMs: limits.wrongCredentialsPerMinuteMax / 60_000,
};
const addressesMax = 20_000;

/** `now` is in milliseconds, on a clock that never goes back. */
export const createAttempts = (now: () => number): Attempts => {
  const wrong = new LRUCache<string, Meter>({ max: addressesMax });

  /** Throws when an address has no attempt left. */
  const requireAttempt = (meter: Meter): void => {
    drain(meter, rate, now());
    const retryMs = waitMs(meter, rate, 1);
    if (retryMs > 0) throw new ChatError("rate_limited", { retryMs });
  };

  return {
    async check(address, isKnown, verify) {
      const before = wrong.get(address);
      if (before && !isKnown()) requireAttempt(before);
      try {
        return await verify();
      } catch (error) {
        if (!(error instanceof ChatError) || error.code !== "unauthorized") throw error;
        const meter = wrong.get(address) ?? { used: 0, at: now() };
        wrong.set(address, meter);
        requireAttempt(meter);
        meter.used++;
        throw error;
      }
    },
  };
};
