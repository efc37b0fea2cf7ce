import type { RateLimitAction } from "@sendsar/protocol/rate-limits";
import { rateLimits } from "@sendsar/protocol/rate-limits";
import type { Meter, Rate, Standing } from "./meter.ts";
import { drain, standingOf, waitMs } from "./meter.ts";
import type { OwnMeter } from "./meters.ts";
import { createMeters } from "./meters.ts";
import type { TenantRates } from "./rates.ts";

/**
 * Lets through what the contract's rate limits allow (contract 13), per user and per tenant, over all gateways.
 *
 * Guarantees: a call costs no query and no message; the answer comes from this gateway's memory, at once. Gateways tell
 * each other what they let through about every 50 ms (`realtime/cluster/rate-limit-exchange.ts`), so what they let through
 * together beyond a limit is what came within that time, and it is a debt: it is waited for before the next. While
 * gateways do not hear each other, each holds the limit by itself: N of them let through up to N times as much.
 * Concurrency: synchronous.
 * Limits: as many meters as `meters.ts` says are remembered, and the others are told of `toTellMax` at a time.
 */
export interface RateLimiter {
  /**
   * Takes from what the user and the tenant have left, or from neither. Without a user, and for actions that have no
   * number for the tenant, from the other alone.
   */
  take(tenantId: string, userId: string | undefined, action: RateLimitAction, cost?: number): Verdict;
  /** Where everything stands that concerns a user, or without one a tenant. */
  levels(tenantId: string, userId: string | undefined): readonly Level[];
}

/** A limiter whose use other gateways are told of, and that hears of theirs. */
export interface SharedRateLimiter extends RateLimiter {
  /** Called when there is something to tell, after there was nothing. */
  onUse(listener: () => void): void;
  /** What was let through here and is not told yet, the oldest first; it counts as told then. */
  collect(usesMax: number): readonly Use[];
  /** What others let through. */
  hear(uses: readonly Use[]): void;
}

/** What was decided, and where the tighter one of the two limits stands, or the one that refuses. */
export interface Verdict extends Standing {
  readonly allowed: boolean;
  /** Milliseconds after which the same may be let through; 0 when it was. */
  readonly retryMs: number;
}

/** Where one limit stands. */
export interface Level extends Standing {
  readonly action: RateLimitAction;
  readonly scope: "user" | "tenant";
  readonly windowSeconds: number;
}

/** So many of an action were let through; the user is empty for the tenant's own meter. */
export type Use = readonly [tenantId: string, userId: string, action: RateLimitAction, count: number];

export interface RateLimiterOptions {
  readonly rates: TenantRates;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** While a meter is less full, and less of it is untold, nobody is told: most users are far below their limits. */
const toldFromShare = 1 / 8;
const toTellMax = 100_000;
/** Of what is heard from others at most so many times the limit is waited for. */
const debtMax = 10;

export const createRateLimiter = ({ rates, now }: RateLimiterOptions): SharedRateLimiter => {
  const meters = createMeters();
  const toTell = new Set<OwnMeter>();
  let onUse: () => void = () => undefined;

  const use = (meter: OwnMeter, rate: Rate, cost: number): void => {
    meter.used += cost;
    meter.untold += cost;
    if (Math.max(meter.used, meter.untold) <= rate.count * toldFromShare || toTell.size >= toTellMax) return;
    toTell.add(meter);
    if (toTell.size === 1) onUse();
  };

  return {
    take(tenantId, userId, action, cost = 1) {
      const at = now();
      const { user: userRate, tenant: tenantRate } = rates.of(tenantId)[action];
      const user = userId === undefined ? undefined : meters.of(tenantId, userId, action, userRate, at);
      const tenant = tenantRate && meters.of(tenantId, "", action, tenantRate, at);
      const userWaitMs = user ? waitMs(user, userRate, cost) : 0;
      if (user && userWaitMs > 0) return verdict(standingOf(user, userRate), userWaitMs);
      const tenantWaitMs = tenant ? waitMs(tenant, tenantRate, cost) : 0;
      if (tenant && tenantWaitMs > 0) return verdict(standingOf(tenant, tenantRate), tenantWaitMs);
      if (user) use(user, userRate, cost);
      if (tenant) use(tenant, tenantRate, cost);
      return verdict(tighter(user && standingOf(user, userRate), tenant && standingOf(tenant, tenantRate)), 0);
    },
    levels(tenantId, userId) {
      const at = now();
      const own = rates.of(tenantId);
      return (Object.keys(rateLimits) as RateLimitAction[]).flatMap((action) => {
        const { user, tenant } = own[action];
        const ofUser = userId === undefined ? undefined : { meter: meters.peek(tenantId, userId, action), rate: user };
        const ofTenant = tenant && { meter: meters.peek(tenantId, "", action), rate: tenant };
        return [
          ...(ofUser ? [toLevel(action, "user", ofUser, at)] : []),
          ...(ofTenant ? [toLevel(action, "tenant", ofTenant, at)] : []),
        ];
      });
    },
    onUse(listener) {
      onUse = listener;
    },
    collect(usesMax) {
      const uses: Use[] = [];
      for (const meter of toTell) {
        if (uses.length >= usesMax) break;
        toTell.delete(meter);
        uses.push([meter.tenantId, meter.userId, meter.action, Math.ceil(meter.untold)]);
        meter.untold = 0;
      }
      return uses;
    },
    hear(uses) {
      const at = now();
      for (const [tenantId, userId, action, count] of uses) {
        // A gateway of another version may know others.
        const rate = Object.hasOwn(rateLimits, action)
          ? rates.known(tenantId)[action][userId === "" ? "tenant" : "user"]
          : undefined;
        if (!rate || !(count > 0)) continue;
        const meter = meters.of(tenantId, userId, action, rate, at);
        meter.used = Math.min(meter.used + count, rate.count * debtMax);
      }
    },
  };
};

/** Where a meter stands, without touching it. */
const toLevel = (
  action: RateLimitAction,
  scope: Level["scope"],
  { meter, rate }: { readonly meter: Meter | undefined; readonly rate: Rate },
  at: number,
): Level => {
  const present = { used: 0, at, ...meter };
  drain(present, rate, at);
  return { action, scope, windowSeconds: rate.count / rate.perMs / 1000, ...standingOf(present, rate) };
};

const verdict = ({ limit, remaining, resetMs }: Standing, retryMs: number): Verdict => ({
  allowed: retryMs === 0,
  limit,
  remaining,
  resetMs,
  retryMs,
});

const tighter = (user: Standing | undefined, tenant: Standing | undefined): Standing => {
  if (!user) return tenant ?? unlimited;
  return tenant && tenant.remaining < user.remaining ? tenant : user;
};

/** Nobody is counted: a backend that does what has no number for the tenant. */
const unlimited: Standing = { limit: Infinity, remaining: Infinity, resetMs: 0 };
