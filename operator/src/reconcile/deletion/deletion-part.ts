import type { ConditionReason } from "../../tenant/conditions.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import type { ReconcileDeps } from "../deps.ts";

/** One part of a deletion. Answers what it waits for; undefined when it is done. */
export type DeletionPart = (deps: ReconcileDeps, tenant: Tenant) => Promise<Obstacle | undefined>;

export interface Obstacle {
  readonly reason: ConditionReason<"Ready">;
  readonly message: string;
  /** When to look again, should no change announce that it is over. */
  readonly afterMs: number;
}
