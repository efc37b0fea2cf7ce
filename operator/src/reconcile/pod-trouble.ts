import type { Deployment } from "../desired/kinds.ts";
import { toSelectorText } from "../desired/labels.ts";
import type { KubeObject, Resource } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { isObserved } from "../desired/deployment-state.ts";
import { findCondition } from "./status.ts";

/** Why pods do not come up, in the words of the first of them that says so. */
export interface PodTrouble {
  readonly reason: "ImagePullBackOff" | "CrashLoopBackOff" | "Unschedulable" | "ContainerConfigError";
  readonly message: string;
}

/** What is read of a pod. */
export interface Pod extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

export const pods: Resource<Pod> = { apiVersion: "v1", kind: "Pod", plural: "pods" };

/** Pods that start take a while: only after it is worth asking why they do not. */
export const patienceMs = 10_000;

/**
 * Looks at the pods of gateways that have not been available for a while. A Deployment does not tell why its pods wait, and
 * watching the pods of all Tenants for it would cost more than one small list now and then.
 */
export const findPodTrouble = async (
  { client, clock }: Pick<ReconcileDeps, "client" | "clock">,
  tenant: Tenant,
  deployment: Deployment,
): Promise<PodTrouble | undefined> => {
  if (!isObserved(deployment) || (deployment.status?.unavailableReplicas ?? 0) === 0) return undefined;
  const condition = findCondition(tenant, "GatewayAvailable");
  if (!condition || condition.status === "True") return undefined;
  if (clock.date().getTime() - Date.parse(condition.lastTransitionTime) < patienceMs) return undefined;
  const { items } = await client.list(pods, {
    namespace: tenant.metadata.namespace ?? "",
    labelSelector: toSelectorText(tenant),
    limit: podsLookedAtMax,
  });
  return items.map(toTrouble).find((trouble) => trouble !== undefined);
};

const podsLookedAtMax = 20;

/** What one pod says; pure. */
export const toTrouble = ({ metadata, status }: Pod): PodTrouble | undefined => {
  for (const { state } of status?.containerStatuses ?? []) {
    const reason = reasons[state?.waiting?.reason ?? ""];
    if (!reason) continue;
    const { reason: word = "", message = "" } = state?.waiting ?? {};
    return { reason, message: `Pod ${metadata.name}: ${word}${message === "" ? "" : `; ${message}`}` };
  }
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return {
    reason: "Unschedulable",
    message: `Pod ${metadata.name}: ${scheduled.message ?? "no node has room for it"}`,
  };
};

/** The kubelet's words (kubernetes `pkg/kubelet/images/types.go`, `pkg/kubelet/kuberuntime`) for what somebody has to repair. */
const reasons: Readonly<Record<string, PodTrouble["reason"]>> = {
  ImagePullBackOff: "ImagePullBackOff",
  ErrImagePull: "ImagePullBackOff",
  InvalidImageName: "ImagePullBackOff",
  ErrImageNeverPull: "ImagePullBackOff",
  CrashLoopBackOff: "CrashLoopBackOff",
  CreateContainerConfigError: "ContainerConfigError",
  CreateContainerError: "ContainerConfigError",
};
