import { describeShortage } from "../desired/database-pool.ts";
import { toTemplateHash } from "../desired/deployment.ts";
import type { DesiredInput } from "../desired/desired-config.ts";
import type { Deployment } from "../desired/kinds.ts";
import { toSelectorText } from "../desired/labels.ts";
import { toImage } from "../desired/pod-template.ts";
import { isAsleep } from "../desired/replicas.ts";
import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant, TenantStatus } from "../tenant/tenant.ts";
import type { PodTrouble } from "./pod-trouble.ts";
import { patienceMs } from "./pod-trouble.ts";
import { findDeploymentCondition, isObserved, isProgressing } from "../desired/deployment-state.ts";
import type { StageResult } from "./stage.ts";
import { findCondition } from "./status.ts";

/** What the gateway stage found of the pods. */
export interface GatewayFindings {
  readonly deployment: Deployment | undefined;
  /** The pods are to become others, and wait for a slot of the rollout budget. */
  readonly queued: boolean;
  readonly trouble?: PodTrouble;
}

/** Nothing is made before the tenant was bound for the first time: pods would have nothing to log in with. */
export const waitingForLogin: ConditionUpdate<"GatewayAvailable"> = {
  type: "GatewayAvailable",
  status: "Unknown",
  reason: "WaitingForDatabase",
  message: "The gateways have no login for the tenant's database yet.",
};

/** The condition and the numbers of the gateways; pure. */
export const toGatewayResult = (input: DesiredInput, findings: GatewayFindings, now: Date): StageResult => {
  const { tenant } = input;
  const { deployment, queued } = findings;
  return {
    condition: { type: "GatewayAvailable", ...toAvailability(tenant, findings, now) },
    status: { gateway: toGatewayStatus(input, deployment) },
    // The end of another Tenant's rollout wakes this one; this is for when nobody saw it end.
    ...(queued && { requeueAfterMs: queuedAgainMs }),
    ...(startsSlowly(deployment) && { requeueAfterMs: patienceMs }),
  };
};

const queuedAgainMs = 30_000;

/** No change announces that pods still do not come up. */
const startsSlowly = (deployment: Deployment | undefined): boolean =>
  (deployment?.status?.unavailableReplicas ?? 0) > 0;

type Availability = Omit<ConditionUpdate<"GatewayAvailable">, "type">;

const toAvailability = (tenant: Tenant, { deployment, queued, trouble }: GatewayFindings, now: Date): Availability => {
  if (isAsleep(tenant)) return off("Suspended", "No gateway runs while spec.suspend is true.");
  if (!deployment) return off("Progressing", "The gateways are being made.");
  const required = toRequired(tenant);
  const serving = countServing(deployment);
  const counted = `${serving} of ${required} gateways are available`;
  const progressing = findDeploymentCondition(deployment, "Progressing");
  if (isObserved(deployment)) {
    if (trouble) return off(trouble.reason, trouble.message);
    if (progressing?.reason === "ProgressDeadlineExceeded") {
      return off("ProgressDeadlineExceeded", `${counted}; ${progressing.message ?? "the rollout makes no progress"}`);
    }
    const failure = findDeploymentCondition(deployment, "ReplicaFailure");
    if (failure?.status === "True")
      return off("InsufficientReplicas", `${counted}; ${failure.message ?? failure.reason ?? ""}`);
  }
  const isStarting = serving > 0 && serving < required && mayStart(tenant, now);
  if (!areSettled(deployment, required) || isStarting) {
    // New gateways start before old ones end: while one is available the tenant is served.
    return {
      status: serving > 0 ? "Unknown" : "False",
      reason: "Progressing",
      message: toProgress(deployment, counted),
    };
  }
  if (serving < required) return off("InsufficientReplicas", `${counted}.`);
  if (queued) {
    const message =
      "The gateways run; their change to the operator's present configuration waits for other Tenants' to end.";
    return { status: "True", reason: "RolloutQueued", message };
  }
  const message = required === 0 ? "spec.gateway.replicas asks for no gateway." : `${counted}.`;
  const shortage = describeShortage(tenant);
  return { status: "True", reason: "Available", message: shortage === undefined ? message : `${message} ${shortage}` };
};

/**
 * `minReadySeconds` is for pods that replace others: a rollout goes on only once they have proven themselves. Where none is
 * replaced, whoever is ready serves, for then it is an endpoint of the Service.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#min-ready-seconds
 */
const countServing = (deployment: Deployment): number => {
  const { readyReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  return areAllAlike(deployment) ? readyReplicas : availableReplicas;
};

/** Is nothing more to come of the Deployment controller that the condition has to wait for? */
const areSettled = (deployment: Deployment, required: number): boolean => {
  if (!findDeploymentCondition(deployment, "Progressing")) return false;
  return !isProgressing(deployment) || (areAllAlike(deployment) && countServing(deployment) >= required);
};

/**
 * More gateways were asked for, or one is made in place of another that is gone, and others serve: for a while that is no
 * fault. A Deployment that is scaled does not say that it progresses.
 */
const mayStart = (tenant: Tenant, now: Date): boolean => {
  const before = findCondition(tenant, "GatewayAvailable");
  if (before?.status === "True") return true;
  if (before?.reason !== "Progressing") return false;
  return now.getTime() - Date.parse(before.lastTransitionTime) < startMsMax;
};

const startMsMax = 60_000;

/** Are all pods made from the template as it stands? */
const areAllAlike = (deployment: Deployment): boolean => {
  const { replicas = 0, updatedReplicas = 0 } = deployment.status ?? {};
  return isObserved(deployment) && replicas === updatedReplicas;
};

const off = (reason: Availability["reason"], message: string): Availability => ({ status: "False", reason, message });

const toProgress = ({ status }: Deployment, counted: string): string =>
  `${counted}, ${status?.updatedReplicas ?? 0} are as the spec wants them.`;

/** With an autoscaler any number from its minimum on is right: that it has just asked for more is no fault. */
const toRequired = ({ spec }: Tenant): number => spec.gateway.autoscaling?.minReplicas ?? spec.gateway.replicas;

const toGatewayStatus = (
  input: DesiredInput,
  deployment: Deployment | undefined,
): NonNullable<TenantStatus["gateway"]> => {
  const templateHash = deployment && toTemplateHash(deployment);
  return {
    replicas: deployment?.status?.replicas ?? 0,
    readyReplicas: deployment?.status?.readyReplicas ?? 0,
    updatedReplicas: deployment?.status?.updatedReplicas ?? 0,
    selector: toSelectorText(input.tenant),
    image: toImage(input),
    ...(templateHash !== undefined && { templateHash }),
  };
};
