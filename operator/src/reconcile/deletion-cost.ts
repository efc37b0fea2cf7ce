import { toSelectorText } from "../desired/labels.ts";
import { KubeError, KubeUnreachable } from "../kube/kube-error.ts";
import type { KubeObject, Resource } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { MetricValue } from "./connections-metric.ts";
import { readConnections } from "./connections-metric.ts";
import type { ReconcileDeps } from "./deps.ts";
import type { MeasuredPod } from "./emptiest-pod.ts";
import { deletionCostAnnotation, moveMark } from "./emptiest-pod.ts";
import { findGateway } from "./gateway.ts";

type Deps = Pick<ReconcileDeps, "client" | "caches" | "logger">;

/** The field manager of the mark, and of nothing else. */
export const deletionCostManager = "sendsar-operator/deletion-cost";

/**
 * Marks the gateway with the fewest connections as the one to end first when the autoscaler takes one away: every connection of
 * it has to move. It takes one at a time, so one mark is enough. Writes only when the mark moves. What cannot be read or
 * written now is left for the next look: without a mark a ReplicaSet still chooses one.
 */
export const markEmptiest = async (
  deps: Deps,
  tenant: Tenant,
  metric: Resource<MetricValue>,
  signal: AbortSignal,
): Promise<void> => {
  if (!hasChoice(deps, tenant)) return;
  try {
    for (const { name, cost } of moveMark(await measurePods(deps, tenant, metric, signal))) {
      signal.throwIfAborted();
      const annotations = { [deletionCostAnnotation]: cost ?? null };
      const ref = { namespace: tenant.metadata.namespace ?? "", name };
      await deps.client.patch(pods, ref, { metadata: { annotations } }, { manager: deletionCostManager });
      deps.logger.debug({ object: `Pod/${name}`, cost }, "deletion cost set");
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError || error instanceof KubeUnreachable)) throw error;
    deps.logger.debug({ error }, "unable to mark the emptiest gateway; trying again");
  }
};

/** Pods of a rollout are not compared: new ones are empty because they are new, and old ones go anyway. */
const hasChoice = (deps: Deps, tenant: Tenant): boolean => {
  const status = findGateway(deps, tenant)?.status;
  return (status?.readyReplicas ?? 0) > 1 && status?.updatedReplicas === status?.replicas;
};

/** Who they are and what they are marked with is all that is read of them. */
const pods: Resource = { apiVersion: "v1", kind: "Pod", plural: "pods", metadataOnly: true };

const measurePods = async (
  { client }: Deps,
  tenant: Tenant,
  metric: Resource<MetricValue>,
  signal: AbortSignal,
): Promise<readonly MeasuredPod[]> => {
  const connections = await readConnections(client, tenant, metric, signal);
  const labelSelector = toSelectorText(tenant);
  const { items } = await client.list<KubeObject>(pods, {
    namespace: tenant.metadata.namespace ?? "",
    labelSelector,
    limit: podsMax,
    signal,
  });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata: { name, annotations } }) => ({
      name,
      cost: annotations?.[deletionCostAnnotation],
      connections: connections.get(name),
    }));
};

/** Five times as many as a Tenant may have gateways; what is left over of evicted ones is in the list too. */
const podsMax = 500;
