import { toCanonicalJson } from "../desired/template-hash.ts";
import type { Condition, ConditionType, ConditionUpdate } from "../tenant/conditions.ts";
import { conditions } from "../tenant/conditions.ts";
import type { Tenant, TenantStatus } from "../tenant/tenant.ts";
import { tenants } from "../tenant/tenant-resource.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toReady } from "./ready.ts";

/** What a visit has found, to become the status. */
export interface Findings {
  /** What is not in here stays as it was. */
  readonly conditions: readonly FoundCondition[];
  /** First-level keys of the status; the others stay as they were. */
  readonly status: Partial<TenantStatus>;
}

export interface FoundCondition extends ConditionUpdate {
  /** It could not be found out for the spec as it is now: the generation that it is about stays the one before. */
  readonly unfinished?: boolean;
}

/** The field manager of the status, and of nothing else. */
export const statusManager = "sendsar-operator/status";

/**
 * Builds the whole status; pure. Every condition is there from the first visit, `Unknown` while nothing is known. A
 * condition's `lastTransitionTime` moves with its status only, so that a visit which finds nothing new changes nothing.
 * `Ready` follows from the others, unless the findings say what it is.
 */
export const toStatus = (tenant: Tenant, findings: Findings, now: Date): TenantStatus => {
  const dependents = dependentTypes.map((type) => toCondition(tenant, type, findings, now));
  const ready = findings.conditions.find(({ type }) => type === "Ready") ?? toReady(dependents);
  const { conditions: _, ...before } = tenant.status ?? {};
  return {
    ...before,
    ...findings.status,
    observedGeneration: toGeneration(tenant),
    conditions: [dated(tenant, ready, now), ...dependents],
  };
};

/**
 * Writes a status unless it is there already; answers whether it did. It is written for the Tenant as this visit saw it: when
 * that is no longer the current one the API server answers 409, and the next visit looks again. So a visit that began with an
 * old copy never brings back what another visit has replaced.
 */
export const writeStatus = async (
  { client, events, clock, remember }: Pick<ReconcileDeps, "client" | "events" | "clock" | "remember">,
  tenant: Tenant,
  findings: Findings,
): Promise<boolean> => {
  const status = toStatus(tenant, findings, clock.date());
  if (sameStatus(tenant.status, status)) return false;
  const { apiVersion, kind, metadata } = tenant;
  const { name, namespace = "", resourceVersion = "" } = metadata;
  // Only what an apply may own; `spec` is not part of the subresource.
  const applied = { apiVersion, kind, metadata: { name, namespace, resourceVersion }, status } as Tenant;
  remember(tenant, await client.apply(tenants, applied, { manager: statusManager, subresource: "status" }));
  tellTransition(events, tenant, status);
  return true;
};

export const findCondition = (tenant: Tenant, type: ConditionType): Condition | undefined =>
  tenant.status?.conditions?.find((condition) => condition.type === type) as Condition | undefined;

const dependentTypes = (Object.keys(conditions) as ConditionType[]).filter((type) => type !== "Ready");

const toCondition = (tenant: Tenant, type: ConditionType, findings: Findings, now: Date): Condition => {
  const found = findings.conditions.find((condition) => condition.type === type);
  const before = findCondition(tenant, type);
  if (found) return dated(tenant, found, now);
  return before ?? dated(tenant, { ...notLookedAt, type }, now);
};

const notLookedAt = {
  status: "Unknown",
  reason: "Pending",
  message: "The operator has not come to this yet.",
  unfinished: true,
} as const;

const dated = (tenant: Tenant, found: FoundCondition, now: Date): Condition => {
  const { type, status, reason, message, unfinished } = found;
  const before = findCondition(tenant, type);
  return {
    type,
    status,
    reason,
    message: message.length > messageLengthMax ? `${message.slice(0, messageLengthMax - 1)}…` : message,
    observedGeneration: unfinished ? (before?.observedGeneration ?? 0) : toGeneration(tenant),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : toTime(now),
  };
};

/** The API allows 32 768; what `kubectl describe` shows should fit on a screen. */
const messageLengthMax = 1024;

const toGeneration = ({ metadata }: Tenant): number => metadata.generation ?? 0;

/** As metav1.Time writes it: whole seconds. */
const toTime = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, "Z");

/** The order of the conditions means nothing, and conditions of somebody else are none of our business. */
const sameStatus = (one: TenantStatus | undefined, other: TenantStatus): boolean =>
  one !== undefined && toComparable(one) === toComparable(other);

const toComparable = (status: TenantStatus): string =>
  toCanonicalJson({
    ...status,
    conditions: (status.conditions ?? [])
      .filter(({ type }) => Object.hasOwn(conditions, type))
      .toSorted((a, b) => (a.type < b.type ? -1 : 1)),
  });

/** People learn from events when a Tenant became ready, and when and why it is no longer. */
const tellTransition = (
  events: ReconcileDeps["events"],
  tenant: Tenant,
  { conditions: after = [] }: TenantStatus,
): void => {
  const ready = after.find(({ type }) => type === "Ready");
  const before = findCondition(tenant, "Ready");
  if (!ready || (before?.status === ready.status && before.reason === ready.reason)) return;
  if (ready.status === "Unknown") return;
  events.record(tenant, {
    type: ready.status === "True" || expected.has(ready.reason) ? "Normal" : "Warning",
    reason: ready.reason,
    message: ready.message,
  });
};

/** Reasons with which a Tenant is not ready because somebody wants it so, or not yet. */
const expected: ReadonlySet<string> = new Set(["Suspended", "Deleting", "Progressing"]);
