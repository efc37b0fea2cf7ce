import type { RateLimitAction } from "@sendsar/protocol/rate-limits";
import { LRUCache } from "lru-cache";
import type { Meter, Rate } from "./meter.ts";
import { drain } from "./meter.ts";

/** How much of one of its rates a user or a tenant has used, and what the other gateways do not know of it. */
export interface OwnMeter extends Meter {
  readonly tenantId: string;
  /** Empty for the tenant's own. */
  readonly userId: string;
  readonly action: RateLimitAction;
  /** Let through here, not told to the others. */
  untold: number;
}

/**
 * The meters of a gateway: `userMetersMax` and `tenantMetersMax` are remembered; of more, those that were used longest ago
 * are forgotten, which is as if nothing had been used.
 */
export interface Meters {
  /** Brought to the present. Makes one when there is none: it is remembered from the first use. */
  of(tenantId: string, userId: string, action: RateLimitAction, rate: Rate, at: number): OwnMeter;
  /** As it was left; undefined when there is none. */
  peek(tenantId: string, userId: string, action: RateLimitAction): OwnMeter | undefined;
}

const userMetersMax = 100_000;
const tenantMetersMax = 20_000;
/** What is untold is forgotten at this share of the limit's pace: so many gateways would have to share a user evenly. */
const forgottenShare = 1 / 50;

export const createMeters = (): Meters => {
  const users = new LRUCache<string, OwnMeter>({ max: userMetersMax });
  const tenants = new LRUCache<string, OwnMeter>({ max: tenantMetersMax });
  return {
    of(tenantId, userId, action, rate, at) {
      const key = keyOf(tenantId, userId, action);
      const meters = userId === "" ? tenants : users;
      const known = meters.get(key);
      if (known) {
        known.untold = Math.max(0, known.untold - (at - known.at) * rate.perMs * forgottenShare);
        drain(known, rate, at);
        return known;
      }
      const fresh = { tenantId, userId, action, used: 0, at, untold: 0 };
      meters.set(key, fresh);
      return fresh;
    },
    peek: (tenantId, userId, action) => (userId === "" ? tenants : users).peek(keyOf(tenantId, userId, action)),
  };
};

/** Neither actions nor tenants have a slash in their names. */
const keyOf = (tenantId: string, userId: string, action: RateLimitAction): string => `${action}/${tenantId}/${userId}`;
