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
 * database about is refused unseen, once an address is over the limit. From half of the limit on, what is being asked counts
 * until it turns out to be right: many tries at once do not all pass through the gap that opens with each moment.
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
      const isAsked = before !== undefined && !isKnown();
      if (isAsked) requireAttempt(before);
      const held = isAsked && before.used >= rate.count / 2 ? before : undefined;
      if (held) held.used++;
      try {
        const verified = await verify();
        if (held) held.used = Math.max(0, held.used - 1);
        return verified;
      } catch (error) {
        const isWrong = error instanceof ChatError && error.code === "unauthorized";
        if (held && !isWrong) held.used = Math.max(0, held.used - 1);
        if (held || !isWrong) throw error;
        const meter = wrong.get(address) ?? { used: 0, at: now() };
        wrong.set(address, meter);
        requireAttempt(meter);
        meter.used++;
        throw error;
      }
    },
  };
};
