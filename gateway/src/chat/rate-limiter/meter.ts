/** How much is let through: `count` at once, and again as much at an even pace. */
export interface Rate {
  readonly count: number;
  /** Of what was used, how much is free again after a millisecond. */
  readonly perMs: number;
}

/** How much of a rate is used. It drains by itself; more than the rate's count is a debt. */
export interface Meter {
  used: number;
  /** When `used` was true, on the limiter's clock. */
  at: number;
}

/** Where a meter stands. */
export interface Standing {
  readonly limit: number;
  /** How many are left, a whole number. */
  readonly remaining: number;
  /** Milliseconds until all are free again. */
  readonly resetMs: number;
}

/** Takes sums like 0.1 + 0.2 for what they are meant to be. */
const tolerance = 1e-6;

/** Brings a meter to the present. */
export const drain = (meter: Meter, rate: Rate, now: number): void => {
  meter.used = Math.max(0, meter.used - Math.max(0, now - meter.at) * rate.perMs);
  meter.at = now;
};

/** Milliseconds until `cost` more can be used; 0 when they can be now. The meter has been brought to the present. */
export const waitMs = (meter: Meter, rate: Rate, cost: number): number => {
  const over = meter.used + Math.min(cost, rate.count) - rate.count;
  return over <= tolerance ? 0 : over / rate.perMs;
};

/** Where a meter stands that has been brought to the present. */
export const standingOf = (meter: Meter, rate: Rate): Standing => ({
  limit: rate.count,
  remaining: Math.max(0, Math.floor(rate.count - meter.used + tolerance)),
  resetMs: meter.used / rate.perMs,
});
