import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant, TenantStatus } from "../tenant/tenant.ts";

/**
 * One independent part of a reconcile. Answers the condition it is responsible for and what it adds to the status; throws
 * what stopped it (its condition then says so, the other stages run all the same, and the key is tried again).
 * Every stage may stop anywhere and be run again from the beginning: it looks at what is there, not at what it did.
 */
export type Stage<Deps> = (deps: Deps, tenant: Tenant, signal: AbortSignal) => Promise<StageResult>;

export interface StageResult {
  readonly condition: ConditionUpdate;
  /** Merged into the status, key by key of the first level. */
  readonly status?: Partial<TenantStatus>;
  /** When something falls due that no change will announce (a key to rotate, a key to revoke). */
  readonly requeueAfterMs?: number;
}
