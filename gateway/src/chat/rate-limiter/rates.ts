import type { Allowance, RateLimit, RateLimitAction } from "@sendsar/protocol/rate-limits";
import { rateLimits } from "@sendsar/protocol/rate-limits";
import { LRUCache } from "lru-cache";
import * as z from "zod";
import type { Rate } from "./meter.ts";

/** The numbers of a tenant, by action. Without one for the tenant, its users together may do as much as they like. */
export type Rates = Readonly<Record<RateLimitAction, { readonly user: Rate; readonly tenant: Rate | undefined }>>;

/**
 * The numbers that are in force for each tenant: those of the contract, and the tenant's own where it has some
 * (`tenants.quotas.rateLimits`).
 *
 * Nobody waits for them. What is known is answered at once and read again in the background when it is older than
 * `staleMs`; until the first reading came back, and for as long as the database is away, it is what was last known or
 * the contract's.
 */
export interface TenantRates {
  of(tenantId: string): Rates;
  /** The same without reading anything: for tenants that are busy elsewhere. */
  known(tenantId: string): Rates;
}

export interface TenantRatesOptions {
  /** Reads what a tenant has of its own, as it is stored; undefined for nothing. */
  readonly read: (tenantId: string) => Promise<unknown>;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const staleMs = 5000;
const tenantsMax = 10_000;

export const createTenantRates = ({ read, now, onError }: TenantRatesOptions): TenantRates => {
  const tenants = new LRUCache<string, { rates: Rates; readAt: number }>({ max: tenantsMax });

  const refresh = async (tenantId: string, entry: { rates: Rates }): Promise<void> => {
    try {
      entry.rates = toRates(await read(tenantId));
    } catch (error) {
      onError(error);
    }
  };

  return {
    of(tenantId) {
      let entry = tenants.get(tenantId);
      if (!entry) tenants.set(tenantId, (entry = { rates: contractRates, readAt: -Infinity }));
      if (now() - entry.readAt > staleMs) {
        // Set before the reading, so that there is one at a time, and no more than one in `staleMs` when it fails.
        entry.readAt = now();
        void refresh(tenantId, entry);
      }
      return entry.rates;
    },
    known: (tenantId) => tenants.peek(tenantId)?.rates ?? contractRates,
  };
};

const toRate = ({ count, seconds }: Allowance): Rate => ({ count, perMs: count / (seconds * 1000) });

const actions = Object.entries(rateLimits) as [RateLimitAction, RateLimit][];

const OwnAllowance = z.object({ count: z.int().min(1), seconds: z.number().positive() });
const OwnRates = z
  .record(z.string(), z.object({ user: OwnAllowance.optional(), tenant: OwnAllowance.optional() }))
  .optional();

/** The contract's numbers, with a tenant's own in their place. Throws for what provisioning would not have stored. */
const toRates = (stored: unknown): Rates => {
  const own = OwnRates.parse(stored ?? undefined);
  if (!own) return contractRates;
  return Object.fromEntries(
    actions.map(([action, { user, tenant }]) => {
      const allowance = own[action]?.tenant ?? tenant;
      return [action, { user: toRate(own[action]?.user ?? user), tenant: allowance && toRate(allowance) }];
    }),
  ) as Rates;
};

const contractRates: Rates = Object.fromEntries(
  actions.map(([action, { user, tenant }]) => [action, { user: toRate(user), tenant: tenant && toRate(tenant) }]),
) as Rates;
