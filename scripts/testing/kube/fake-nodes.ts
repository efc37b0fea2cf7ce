import type { V1Node } from "@kubernetes/client-node";
import { waitUntil } from "../../process/wait.ts";
import type { KubeApi } from "./kube-api.ts";

const readyMsMax = 30_000;

/** Adds nodes that kwok keeps, and waits until pods can be put on them. */
export const addFakeNodes = async (api: KubeApi, count: number): Promise<void> => {
  const names = Array.from({ length: count }, (_, index) => `fake-${index + 1}`);
  const zoneOf = (index: number): string => `zone-${(index % 3) + 1}`;
  await Promise.all(
    names.map((name, index) =>
      api.post("/api/v1/nodes", {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name,
          annotations: { "kwok.x-k8s.io/node": "fake" },
          labels: {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": zoneOf(index),
          },
        },
      }),
    ),
  );
  const ready = await waitUntil(
    async () => (await Promise.all(names.map((name) => api.get<V1Node>(`/api/v1/nodes/${name}`)))).every(isUsable),
    { limitMs: readyMsMax, everyMs: 50 },
  );
  if (!ready)
    throw new Error(`unable to add ${count} nodes; kwok did not make them ready within ${readyMsMax / 1000} s`);
};

/** The controller-manager takes a node's first taint away when it has become ready. */
export const isUsable = ({ spec, status }: V1Node): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true &&
  !spec?.taints?.some(({ effect }) => effect === "NoSchedule");
