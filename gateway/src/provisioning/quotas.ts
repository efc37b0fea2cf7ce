import type { RateLimitAction } from "@sendsar/protocol/rate-limits";
import { rateLimits } from "@sendsar/protocol/rate-limits";
import * as z from "zod";

const Allowance = z.strictObject({
  count: z.int().min(1).max(1_000_000),
  seconds: z.int().min(1).max(86_400),
});

const Rate = z.strictObject({ user: Allowance.optional(), tenant: Allowance.optional() });

const actions = Object.keys(rateLimits) as [RateLimitAction, ...RateLimitAction[]];

/**
 * Bounds of a tenant where they differ from those of every tenant: bytes of all its files together, and what of an action
 * one of its users, and all of them together, may do in a time. What is left out is as for everybody.
 */
export const Quotas = z.strictObject({
  storageBytes: z.int().min(0).optional(),
  rateLimits: z.partialRecord(z.enum(actions), Rate).optional(),
});
export type Quotas = z.infer<typeof Quotas>;
