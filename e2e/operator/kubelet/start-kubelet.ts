import { mkdir } from "node:fs/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { sleep } from "../../faults/load/load.ts";
import { registerNode } from "./node.ts";
import { createPodAddresses } from "./pod-addresses.ts";
import type { PodWorker, PodWorkerDeps } from "./pod-worker.ts";
import { startPodWorker } from "./pod-worker.ts";

export interface KubeletOptions extends Pick<PodWorkerDeps, "api" | "logsDir" | "scriptOf"> {
  readonly nodeName: string;
}

/** A node whose pods are processes of this machine. */
export interface Kubelet extends AsyncDisposable {
  /** The pod's process; undefined while none runs. */
  pidOf(namespace: string, pod: string): number | undefined;
}

const retryMs = 300;

/**
 * A kubelet in small: registers a node, runs what the scheduler puts on it, probes it, tells its status, and ends it in order
 * when it is deleted. It knows nothing of the operator or the gateway: an image is a file to run.
 */
export const startKubelet = async ({ api, logsDir, scriptOf, nodeName }: KubeletOptions): Promise<Kubelet> => {
  await mkdir(logsDir, { recursive: true });
  const closing = new AbortController();
  const addresses = createPodAddresses();
  const workers = new Map<string, PodWorker>();
  const names = new Map<string, string>();

  const see = (pod: V1Pod): void => {
    const { uid = "", namespace, name, deletionTimestamp } = pod.metadata ?? {};
    let worker = workers.get(uid);
    if (!worker) {
      worker = startPodWorker({ api, logsDir, scriptOf, podIp: addresses.next() }, pod);
      workers.set(uid, worker);
      names.set(`${namespace}/${name}`, uid);
    }
    if (deletionTimestamp) worker.terminate(pod);
  };
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${nodeName}`)}`;
  const listAndWatch = async (): Promise<void> => {
    const { items, metadata } = await api.get<{ items: V1Pod[]; metadata: { resourceVersion: string } }>(path);
    const present = new Set(items.map((pod) => pod.metadata?.uid));
    for (const [uid, worker] of workers) if (!present.has(uid)) worker.kill();
    for (const pod of items) see(pod);
    const from = `${path}&resourceVersion=${metadata.resourceVersion}`;
    for await (const { type, object } of api.watch<V1Pod>(from, closing.signal)) {
      if (type === "ERROR") return;
      if (type === "DELETED") workers.get(object.metadata?.uid ?? "")?.kill();
      else see(object);
    }
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      // Whatever broke the watch, the next list tells what was missed.
      await listAndWatch().catch(() => undefined);
      await sleep(retryMs, closing.signal);
    }
  };
  await registerNode(api, nodeName, closing.signal);
  const running = run();
  return {
    pidOf: (namespace, pod) => workers.get(names.get(`${namespace}/${pod}`) ?? "")?.pid,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await running;
      for (const worker of workers.values()) worker.kill();
      await Promise.all([...workers.values()].map(({ ended }) => ended));
    },
  };
};
