import type { V1Node } from "@kubernetes/client-node";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { isUsable } from "../../../scripts/testing/kube/fake-nodes.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import { sleep } from "../../faults/load/load.ts";

const leaseSeconds = 40;
const renewMs = 10_000;

/** Makes this machine a node, and waits until pods are put on it. Its Lease is renewed until the signal. */
export const registerNode = async (api: KubeApi, name: string, signal: AbortSignal): Promise<void> => {
  const now = new Date().toISOString();
  const capacity = { cpu: "64", memory: "256Gi", pods: "250" };
  const labels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "topology.kubernetes.io/zone": "zone-1",
  };
  await api.post("/api/v1/nodes", { metadata: { name, labels } });
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: {
      capacity,
      allocatable: capacity,
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      conditions: [
        { type: "Ready", status: "True", reason: "KubeletReady", lastHeartbeatTime: now, lastTransitionTime: now },
      ],
    },
  });
  await holdLease(api, name, signal);
  const path = `/api/v1/nodes/${name}`;
  const usable = await waitUntil(async () => isUsable(await api.get<V1Node>(path)), { limitMs: 30_000 });
  if (!usable) throw new Error(`unable to add the node ${name}; it is tainted still`);
};

/** Node heartbeat: without it pods are moved away after 40 s. Source: https://kubernetes.io/docs/reference/node/node-status/ */
const holdLease = async (api: KubeApi, name: string, signal: AbortSignal): Promise<void> => {
  const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const renewTime = (): string => new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: renewTime() };
  await api.post(leases, { metadata: { name }, spec });
  const renew = async (): Promise<void> => {
    for (;;) {
      await sleep(renewMs, signal);
      if (signal.aborted) return;
      // An API server that is away makes it miss a beat, as any node's.
      await api.patch(`${leases}/${name}`, { spec: { renewTime: renewTime() } }).catch(() => undefined);
    }
  };
  void renew();
};
