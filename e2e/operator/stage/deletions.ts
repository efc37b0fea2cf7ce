import type { V1Pod } from "@kubernetes/client-node";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

/** When pods of a namespace were told to end. Disposing ends the watch; it rejects if the watch had ended before. */
export interface Deletions extends AsyncDisposable {
  /** By pod; milliseconds since the epoch, as this process heard of it. */
  readonly toldAt: ReadonlyMap<string, number>;
}

/** Listens from now on. */
export const watchDeletions = async (api: KubeApi, namespace: string): Promise<Deletions> => {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { metadata } = await api.get<{ metadata: { resourceVersion: string } }>(path);
  const toldAt = new Map<string, number>();
  const stopping = new AbortController();
  const watch = async (): Promise<void> => {
    const from = `${path}?resourceVersion=${metadata.resourceVersion}`;
    try {
      for await (const { object } of api.watch<V1Pod>(from, stopping.signal)) {
        const { name = "", deletionTimestamp } = object.metadata ?? {};
        if (deletionTimestamp && !toldAt.has(name)) toldAt.set(name, performance.timeOrigin + performance.now());
      }
    } catch (error) {
      if (!stopping.signal.aborted) throw error;
    }
    if (!stopping.signal.aborted) throw new Error("unable to watch deletions; the watch has ended");
  };
  const watching = watch();
  // Told when it is disposed of.
  watching.catch(() => undefined);
  return {
    toldAt,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
    },
  };
};
