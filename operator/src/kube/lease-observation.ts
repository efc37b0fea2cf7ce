import type { Clock } from "./clock.ts";
import type { Lease, LeaseSpec } from "./lease.ts";

/**
 * When a Lease last changed, by the local clock: it has expired when it did not for its own duration. The times in it are
 * those of other clocks and are not looked at.
 */
export interface LeaseObservation {
  see(lease: Lease): void;
  /** Milliseconds until it has expired; not positive when it has, or when nobody holds it. */
  expiresInMs(): number;
  /** Empty when nobody holds it. */
  readonly holder: string;
}

/** `durationMs` counts where a Lease says none. */
export const createLeaseObservation = (clock: Clock, durationMs: number): LeaseObservation => {
  let seen: { readonly record: string; readonly at: number; readonly spec: LeaseSpec } | undefined;
  return {
    see({ spec = {} }) {
      // Not the resourceVersion: a label that somebody sets is no renewal.
      const record = JSON.stringify(spec);
      if (seen?.record !== record) seen = { record, at: clock.now(), spec };
    },
    expiresInMs() {
      if (!seen?.spec.holderIdentity) return 0;
      const { leaseDurationSeconds = durationMs / 1000 } = seen.spec;
      return seen.at + leaseDurationSeconds * 1000 - clock.now();
    },
    get holder() {
      return seen?.spec.holderIdentity ?? "";
    },
  };
};
