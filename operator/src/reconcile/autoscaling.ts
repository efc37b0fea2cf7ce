import { autoscalingObjects } from "../desired/desired-objects.ts";
import type { HorizontalPodAutoscaler } from "../desired/kinds.ts";
import { resources } from "../desired/kinds.ts";
import { toNames } from "../desired/names.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { Resource } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { toActive } from "./autoscaling-condition.ts";
import type { MetricValue } from "./connections-metric.ts";
import { findConnectionsMetric } from "./connections-metric.ts";
import { markEmptiest } from "./deletion-cost.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toDesiredInput } from "./desired-input.ts";
import { applyOwned, findOwned, removeOwned } from "./owned-objects.ts";
import type { Stage } from "./stage.ts";

/** The autoscaler of a Tenant, with the metrics that the cluster can measure. */
export const reconcileAutoscaling: Stage<ReconcileDeps> = async (deps, tenant, signal) => {
  const wantsConnections = tenant.spec.gateway.autoscaling?.connectionsPerPod !== undefined;
  const { served, metric } = wantsConnections ? await lookForMetric(deps, tenant) : notServed;
  const input = toDesiredInput(deps, tenant, { customMetricsServed: served });
  const [wanted] = input ? autoscalingObjects(input) : [];
  if (!wanted) {
    await removeOwned(deps, tenant, resources.horizontalPodAutoscaler, toNames(tenant.metadata.name).gateway);
    return { condition: toActive(tenant, undefined, served) };
  }
  const autoscaler = await applyOwned(
    deps,
    tenant,
    resources.horizontalPodAutoscaler,
    wanted as HorizontalPodAutoscaler,
  );
  if (metric) await markEmptiest(deps, tenant, metric, signal);
  const condition = toActive(tenant, autoscaler, served);
  return { condition, ...(wantsConnections && { requeueAfterMs: lookAgainMs }) };
};

/** Nobody tells that an adapter has come or gone, nor how many connections there are. */
const lookAgainMs = 60_000;

interface MetricFindings {
  readonly served: boolean;
  /** Where it can be read at this moment. */
  readonly metric?: Resource<MetricValue>;
}

const notServed: MetricFindings = { served: false };

/**
 * While the adapter is registered and does not answer, the autoscaler keeps the metrics that it has: it does nothing without
 * them, and says so itself.
 */
const lookForMetric = async (deps: ReconcileDeps, tenant: Tenant): Promise<MetricFindings> => {
  try {
    const metric = await findConnectionsMetric(deps.client);
    return metric ? { served: true, metric } : notServed;
  } catch (error) {
    if (!(error instanceof KubeError) || error.status < 500) throw error;
    deps.logger.debug({ error }, "the custom metrics API does not answer");
    const { horizontalPodAutoscaler } = resources;
    const live = findOwned(deps, tenant, horizontalPodAutoscaler, toNames(tenant.metadata.name).gateway);
    return { served: live?.spec.metrics?.some(({ type }) => type === "Pods") ?? false };
  }
};
