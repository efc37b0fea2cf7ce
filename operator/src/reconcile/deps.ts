import type { Logger } from "pino";
import type { Fence, TenantRecord, TenantRegistries, TenantRegistry } from "../database/tenant-registry.ts";
import type { DesiredConfig } from "../desired/desired-config.ts";
import type { Clock } from "../kube/clock.ts";
import type { EventRecorder } from "../kube/event-recorder.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { ReconcileResult } from "../kube/reconcile-result.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { KeptOtherwise } from "./kept-otherwise.ts";
import type { Caches } from "./observe.ts";
import type { RolloutBudget } from "./rollout-budget.ts";
import type { StageResult } from "./stage.ts";

/** What a reconcile works with. Built once, in `operator.ts`; a stage asks for the least of it that it uses. */
export interface ReconcileDeps {
  /** Reads that must not be old, and all writes. */
  readonly client: KubeClient;
  /** What the watches last told: may be behind, never costs a request. */
  readonly caches: Caches;
  /** `caches.tenants` shows `after`, the answer to a write upon `before`, until the watch tells of it. */
  readonly remember: (before: Tenant, after: Tenant) => void;
  readonly registries: TenantRegistries;
  /** Under which leadership the database is written; asked for each time, because it is another one after a hand-over. */
  readonly fence: () => Fence;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** A new UUID, version 7. */
  readonly newId: () => string;
  /** What a dedicated gateway is rendered with, beside its Tenant. */
  readonly desired: DesiredConfig;
  readonly rollouts: RolloutBudget;
  readonly keptOtherwise: KeptOtherwise;
  /** Lines of this visit: they carry the tenant and the visit's id. */
  readonly logger: Logger;
  readonly tracing: Tracing;
}

/** The tenant's place in the database, once this resource is the one that has it. */
export interface BoundTenant {
  readonly tenantId: string;
  readonly registry: TenantRegistry;
  /** As it was when this visit claimed it; a stage that changes it reads again what it needs after. */
  readonly record: TenantRecord;
}

/** What the stages that write to the tenant's database get: they run only when it is bound. */
export interface BoundDeps extends ReconcileDeps {
  readonly bound: BoundTenant;
}

/**
 * What `database.ts` answers: `DatabaseReady`, and whether this resource has its tenant (`Accepted`). Without `bound` the
 * stages that need the database do not run; the objects of a gateway that is there already are kept up all the same,
 * unless `accepted` is False: then another resource has the tenant, and nothing of this one is made.
 */
export interface DatabaseResult extends StageResult {
  readonly accepted: ConditionUpdate;
  readonly bound?: BoundTenant;
}

/** What `deletion.ts` answers: how far it has come. With `finished` the object is gone and there is no status to write. */
export interface DeletionResult extends ReconcileResult {
  readonly finished: boolean;
  /** Conditions to change; the others stay as they are. `Ready` says `Deleting`, or what holds the deletion up. */
  readonly conditions: readonly ConditionUpdate[];
}
