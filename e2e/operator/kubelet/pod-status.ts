import type { V1ContainerStatus, V1Pod, V1PodStatus } from "@kubernetes/client-node";
import type { ContainerEnd } from "./container-process.ts";

/** Where a pod's container is. */
export type ContainerPhase =
  | { readonly kind: "waiting"; readonly reason: string; readonly message?: string }
  | { readonly kind: "running"; readonly startedAt: string }
  | {
      readonly kind: "terminated";
      readonly end: ContainerEnd;
      readonly startedAt: string;
      readonly finishedAt: string;
    };

/** What a kubelet knows of a pod. */
export interface PodState {
  readonly podIp: string;
  readonly startTime: string;
  readonly phase: ContainerPhase;
  readonly last?: ContainerPhase;
  readonly isStarted: boolean;
  readonly isReady: boolean;
  readonly restarts: number;
  /** It is not started again. */
  readonly isOver: boolean;
  /** When `isReady` changed. */
  readonly readySince: string;
}

/** The part of the status that a kubelet writes; the scheduler's condition stays as it is (strategic merge). */
export const toPodStatus = (pod: V1Pod, state: PodState): object => {
  const { podIp, startTime, isReady, readySince } = state;
  const ready = isReady ? "True" : "False";
  const condition = (type: string, status: string, since: string): object => ({
    type,
    status,
    lastTransitionTime: since,
    // Null takes away what was there.
    reason: status === "False" ? "ContainersNotReady" : null,
  });
  return {
    phase: phaseOf(state),
    hostIP: "127.0.0.1",
    podIP: podIp,
    podIPs: [{ ip: podIp }],
    startTime,
    conditions: [
      condition("Initialized", "True", startTime),
      condition("ContainersReady", ready, readySince),
      condition("Ready", ready, readySince),
    ],
    containerStatuses: [toContainerStatus(pod, state)],
  };
};

/** A pod that has run stays `Running` while its container waits for another start. */
const phaseOf = ({ phase, isOver, restarts }: PodState): NonNullable<V1PodStatus["phase"]> => {
  if (phase.kind === "terminated" && isOver) return phase.end.exitCode === 0 ? "Succeeded" : "Failed";
  return phase.kind === "waiting" && restarts === 0 ? "Pending" : "Running";
};

const toContainerStatus = (
  { spec }: V1Pod,
  { phase, last, isReady, isStarted, restarts }: PodState,
): Omit<V1ContainerStatus, "state" | "lastState"> & { state: object; lastState: object } => {
  const { name = "", image = "" } = spec?.containers[0] ?? {};
  return {
    name,
    image,
    imageID: image,
    ready: isReady,
    started: isStarted,
    restartCount: restarts,
    state: toApiState(phase),
    lastState: last ? toApiState(last) : {},
  };
};

const toApiState = (phase: ContainerPhase): object => {
  if (phase.kind === "waiting") {
    const { reason, message } = phase;
    return { waiting: { reason, ...(message ? { message } : {}) } };
  }
  if (phase.kind === "running") return { running: { startedAt: phase.startedAt } };
  const { end, startedAt, finishedAt } = phase;
  const reason = end.exitCode === 0 ? "Completed" : "Error";
  return { terminated: { exitCode: end.exitCode, reason, startedAt, finishedAt } };
};
