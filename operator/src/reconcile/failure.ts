import { DatabaseUnavailable, PrivilegeMissing, Refused } from "../database/tenant-registry.ts";
import { KubeError, KubeUnreachable } from "../kube/kube-error.ts";
import { sentenceOf } from "../telemetry/sentence.ts";
import type { ConditionType, ConditionUpdate } from "../tenant/conditions.ts";
import { ObjectNotOwned } from "./owned-objects.ts";

/**
 * The condition of a stage that threw. What somebody has to change is False; what could not be found out is Unknown.
 * Messages of the API server and of the database's classes name objects and rules, never values.
 */
export const toFailure = (type: ConditionType, error: unknown): ConditionUpdate => ({
  type,
  ...toCause(type, error),
  message: toMessage(error),
});

const toCause = (type: ConditionType, error: unknown): Pick<ConditionUpdate, "status" | "reason"> => {
  if (error instanceof AggregateError && error.errors.length > 0) return toCause(type, error.errors[0]);
  if (error instanceof ObjectNotOwned) return { status: "False", reason: "ObjectNotOwned" };
  if (error instanceof Refused) return { status: "False", reason: "Refused" };
  if (error instanceof PrivilegeMissing && type === "DatabaseReady")
    return { status: "False", reason: "PrivilegeMissing" };
  if (error instanceof DatabaseUnavailable) {
    return { status: type === "DatabaseReady" ? "False" : "Unknown", reason: "DatabaseUnavailable" };
  }
  if (error instanceof KubeError && refusals.has(error.status))
    return { status: "False", reason: "RefusedByApiServer" };
  if (error instanceof KubeError || error instanceof KubeUnreachable) {
    return { status: "Unknown", reason: "ApiServerUnavailable" };
  }
  return { status: "Unknown", reason: "InternalError" };
};

/** Answers that do not change by waiting: it may not be done, or the object is not one. */
const refusals: ReadonlySet<number> = new Set([400, 403, 422]);

/** What nobody foresaw may have anything in its text; it stands in the log, where secrets are blotted out. */
const toMessage = (error: unknown): string => {
  const known = [AggregateError, ObjectNotOwned, Refused, DatabaseUnavailable, KubeError, KubeUnreachable];
  if (known.some((kind) => error instanceof kind)) return sentenceOf(error);
  return "The operator failed in a way that it does not know; its log tells more.";
};
