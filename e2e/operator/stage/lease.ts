import type { V1Lease } from "@kubernetes/client-node";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

const path = "/apis/coordination.k8s.io/v1/namespaces/sendsar-system/leases/sendsar-operator";

/** Who leads; empty while nobody does. Holders are called `<POD_NAME>_<id of the process's life>`. */
export const readHolder = async (api: KubeApi): Promise<string> =>
  (await api.find<V1Lease>(path))?.spec?.holderIdentity ?? "";

/** Waits until an operator of this name leads. Answers the milliseconds that took. */
export const waitForLeader = async (api: KubeApi, podName: string, limitMs: number): Promise<number> => {
  const startedAt = performance.now();
  const leads = async (): Promise<boolean> => (await readHolder(api)).startsWith(`${podName}_`);
  if (await waitUntil(leads, { limitMs, everyMs: 50 })) return performance.now() - startedAt;
  throw new Error(`unable to wait until ${podName} leads; after ${limitMs / 1000} s "${await readHolder(api)}" does`);
};
