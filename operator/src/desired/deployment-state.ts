import type { Deployment } from "./kinds.ts";

/**
 * Are this Deployment's pods being replaced? Not while its first pods start, not when it sleeps, and no longer once the
 * rollout is complete or has failed: the Deployment controller says both in the condition `Progressing`.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
 */
export const isRolling = (deployment: Deployment): boolean => {
  if ((deployment.spec.replicas ?? 1) === 0 || deployment.spec.paused === true) return false;
  if (!isObserved(deployment)) return deployment.status?.observedGeneration !== undefined;
  return deployment.metadata.annotations?.[revisionAnnotation] !== "1" && isProgressing(deployment);
};

/** Has the Deployment controller work to do on the pods of this Deployment, the first ones or others? */
export const isProgressing = (deployment: Deployment): boolean => {
  if (!isObserved(deployment)) return true;
  const progressing = findDeploymentCondition(deployment, "Progressing");
  return progressing !== undefined && !over.has(progressing.reason ?? "");
};

/** Has the Deployment controller seen the spec as it stands? */
export const isObserved = ({ metadata, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

export const findDeploymentCondition = ({ status }: Deployment, type: "Progressing" | "Available" | "ReplicaFailure") =>
  status?.conditions?.find((condition) => condition.type === type);

/** Which ReplicaSet of the Deployment is the current one; 1 is the first. */
const revisionAnnotation = "deployment.kubernetes.io/revision";

/** Reasons of `Progressing` with which a rollout is over, well or not (kubernetes `deployment_util.go`). */
const over: ReadonlySet<string> = new Set(["NewReplicaSetAvailable", "ProgressDeadlineExceeded"]);
