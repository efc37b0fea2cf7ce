import { FencedOff } from "../database/tenant-registry.ts";
import { classifyError } from "../kube/error-class.ts";
import type { ConditionType } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toFailure } from "./failure.ts";
import type { Stage, StageResult } from "./stage.ts";
import type { Findings, FoundCondition } from "./status.ts";

/**
 * One visit of a Tenant: runs its stages and collects what they find. A stage that fails says so in its condition and does
 * not keep the others from running.
 */
export interface Visit {
  /** The Tenant with what the visit has found so far in its status. */
  readonly tenant: Tenant;
  readonly findings: Findings;
  /** When something falls due that no change will announce: the soonest. */
  readonly requeueAfterMs: number | undefined;
  /**
   * Runs a stage; undefined when it failed. Throws only `FencedOff`, for whoever leads since goes on, and what comes of an
   * abort.
   */
  run<Deps extends ReconcileDeps, Result extends StageResult>(
    name: string,
    type: ConditionType,
    stage: (...given: Parameters<Stage<Deps>>) => Promise<Result>,
    deps: Deps,
  ): Promise<Result | undefined>;
  /** Adds conditions that no stage answers for. */
  find(...conditions: readonly FoundCondition[]): void;
  /** Has this visit found out anything of the condition? A stage that a conflict stopped has not. */
  knows(type: ConditionType): boolean;
  /** Throws what the stages threw, so that the key is tried again. */
  throwErrors(): void;
}

export const openVisit = (begun: Tenant, signal: AbortSignal): Visit => {
  const conditions: FoundCondition[] = [];
  const errors: unknown[] = [];
  let status: Findings["status"] = {};
  let requeueAfterMs: number | undefined;
  const take = (result: StageResult): void => {
    conditions.push(result.condition);
    status = { ...status, ...result.status };
    if (result.requeueAfterMs !== undefined)
      requeueAfterMs = Math.min(requeueAfterMs ?? Infinity, result.requeueAfterMs);
  };
  const fail = (type: ConditionType, error: unknown): void => {
    if (error instanceof FencedOff) throw error;
    errors.push(error);
    // A conflict, or something that is not there yet, is no news: the condition stays what it was.
    if (!classifyError(error).quiet) conditions.push({ ...toFailure(type, error), unfinished: true });
  };
  const visit: Visit = {
    get tenant() {
      return { ...begun, status: { ...begun.status, ...status } };
    },
    get findings() {
      return { conditions, status };
    },
    get requeueAfterMs() {
      return requeueAfterMs;
    },
    async run(name, type, stage, deps) {
      signal.throwIfAborted();
      try {
        const result = await deps.tracing.span(`stage ${name}`, {}, () => stage(deps, visit.tenant, signal));
        take(result);
        return result;
      } catch (error) {
        // What a stop interrupts says nothing about the Tenant: the visit ends without a word, and another does it anew.
        if (signal.aborted) throw error;
        fail(type, error);
        return undefined;
      }
    },
    find: (...found) => void conditions.push(...found),
    knows: (type) => conditions.some((condition) => condition.type === type),
    throwErrors() {
      if (errors.length === 0) return;
      throw new AggregateError(errors, `unable to finish; ${errors.length} of the stages failed`);
    },
  };
  return visit;
};
