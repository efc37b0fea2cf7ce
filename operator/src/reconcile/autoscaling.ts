import { autoscalingObjects } from "../desired/desired-objects.ts";
import type { HorizontalPodAutoscaler } from "../desired/kinds.ts";
import { connectionsMetric } from "../desired/horizontal-pod-autoscaler.ts";
import { resources } from "../desired/kinds.ts";
import { toNames } from "../desired/names.ts";
import type { Resource } from "../kube/kube-object.ts";
import { toActive } from "./autoscaling-condition.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toDesiredInput } from "./desired-input.ts";
import { applyOwned, removeOwned } from "./owned-objects.ts";
import type { Stage } from "./stage.ts";

/** The autoscaler of a Tenant, with the metrics that the cluster can measure. */
export const reconcileAutoscaling: Stage<ReconcileDeps> = async (deps, tenant) => {
  const wantsConnections = tenant.spec.gateway.autoscaling?.connectionsPerPod !== undefined;
  const customMetricsServed = wantsConnections && (await servesCustomMetrics(deps));
  const input = toDesiredInput(deps, tenant, { customMetricsServed });
  const [wanted] = input ? autoscalingObjects(input) : [];
  if (!wanted) {
    await removeOwned(deps, tenant, resources.horizontalPodAutoscaler, toNames(tenant.metadata.name).gateway);
    return { condition: toActive(tenant, undefined, customMetricsServed) };
  }
  const autoscaler = await applyOwned(
    deps,
    tenant,
    resources.horizontalPodAutoscaler,
    wanted as HorizontalPodAutoscaler,
  );
  return { condition: toActive(tenant, autoscaler, customMetricsServed) };
};

/**
 * Adapters serve one of these versions, with the metrics that they have measured at least once; the autoscaler of Kubernetes
 * takes whichever version there is.
 */
const customMetrics: readonly Resource[] = ["v1beta2", "v1beta1"].map((version) => ({
  apiVersion: `custom.metrics.k8s.io/${version}`,
  kind: "MetricValueList",
  plural: `pods/${connectionsMetric}`,
}));

const servesCustomMetrics = async ({ client }: Pick<ReconcileDeps, "client">): Promise<boolean> => {
  for (const resource of customMetrics) if (await client.serves(resource)) return true;
  return false;
};
