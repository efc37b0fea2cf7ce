import { connectionsMetric } from "../desired/horizontal-pod-autoscaler.ts";
import { toSelectorText } from "../desired/labels.ts";
import { toBillionths } from "../desired/quantity.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject, Resource } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";

/**
 * The version of the custom metrics API that serves the gateways' open connections; undefined when none does. Adapters serve
 * one of these, with the metrics that they have measured at least once; the autoscaler of Kubernetes takes whichever there
 * is. Throws `KubeError`, with a status of 500 and more when the adapter is there and does not answer.
 */
export const findConnectionsMetric = async (
  client: Pick<KubeClient, "serves">,
): Promise<Resource<MetricValue> | undefined> => {
  for (const apiVersion of ["custom.metrics.k8s.io/v1beta2", "custom.metrics.k8s.io/v1beta1"]) {
    const plural = `pods/${connectionsMetric}`;
    if (await client.serves({ apiVersion, kind, plural })) {
      // One path answers for all pods of a namespace. RBAC calls it a `get`, of a pod with the name `*`.
      return { apiVersion, kind, plural: `pods/*/${connectionsMetric}` };
    }
  }
  return undefined;
};

/** Open connections of each gateway of a Tenant, by the pod's name; without those that were not measured. */
export const readConnections = async (
  client: Pick<KubeClient, "list">,
  tenant: Tenant,
  metric: Resource<MetricValue>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> => {
  const labelSelector = toSelectorText(tenant);
  const { items } = await client.list(metric, { namespace: tenant.metadata.namespace ?? "", labelSelector, signal });
  const measured = items.flatMap(({ describedObject: { name }, value }) => {
    const billionths = toBillionths(value);
    return billionths === undefined ? [] : [[name, Number(billionths) / 1e9] as const];
  });
  return new Map(measured);
};

const kind = "MetricValueList";

/**
 * What was measured of one object, as far as it is read; it has no metadata of its own.
 * Source: k8s.io/metrics pkg/apis/custom_metrics/v1beta2/types.go, the same in v1beta1.
 */
export interface MetricValue extends KubeObject {
  readonly describedObject: { readonly name: string };
  /** A quantity. */
  readonly value: string;
}
