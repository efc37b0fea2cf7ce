import type { V1Pod } from "@kubernetes/client-node";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import { ApiFailure } from "../../../scripts/testing/kube/kube-api.ts";
import { sleep } from "../../faults/load/load.ts";
import type { PodState } from "./pod-status.ts";
import { toPodStatus } from "./pod-status.ts";

/** Writes the status of one pod, one patch at a time; what is overtaken by a newer state is left out. */
export interface StatusWriter {
  write(state: PodState): void;
  /** When the newest state is written, or the pod is gone. */
  settled(): Promise<void>;
}

const retryMs = 200;

export const createStatusWriter = (api: KubeApi, pod: V1Pod): StatusWriter => {
  const { namespace, name, uid } = pod.metadata ?? {};
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
  let newest: PodState | undefined;
  let written: PodState | undefined;
  let writing = Promise.resolve();
  const writeNewest = async (): Promise<void> => {
    while (newest && newest !== written) {
      const state = newest;
      // The uid in it makes it fail for a pod that was made anew under this name.
      const patch = { metadata: { uid }, status: toPodStatus(pod, state) };
      try {
        await api.patch(path, patch, "application/strategic-merge-patch+json");
        written = state;
      } catch (error) {
        if (error instanceof ApiFailure && error.status < 500) {
          // The pod is gone or made anew; everything else is a mistake of ours.
          if (error.status !== 404 && error.status !== 409) console.error(error);
          return;
        }
        // The API server is away: the newest state is told when it is back.
        await sleep(retryMs);
      }
    }
  };
  return {
    write(state) {
      newest = state;
      writing = writing.then(writeNewest);
    },
    settled: () => writing,
  };
};
