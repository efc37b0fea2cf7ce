import type { V2HorizontalPodAutoscalerBehavior, V2MetricSpec } from "@kubernetes/client-node";
import type { DesiredInput } from "./desired-config.ts";
import type { HorizontalPodAutoscaler } from "./kinds.ts";
import { toNames } from "./names.ts";
import { toOwned } from "./to-owned.ts";

/** The gateway's gauge of open connections, as the custom metrics API serves it. */
export const connectionsMetric = "chat_gateway_connections";

/** Where only the CPU can be measured and the Tenant names no share of it. */
const fallbackCpuUtilization = 70;

type Autoscaling = NonNullable<DesiredInput["tenant"]["spec"]["gateway"]["autoscaling"]>;

/**
 * Scales the Deployment, never the Tenant: whoever keeps the Tenant in Git sees no change in it. Undefined when the Tenant
 * asks for none. Open connections are the load that counts; the CPU stands in where the cluster serves no custom metrics.
 */
export const toHorizontalPodAutoscaler = (input: DesiredInput): HorizontalPodAutoscaler | undefined => {
  const { autoscaling } = input.tenant.spec.gateway;
  if (!autoscaling) return undefined;
  const { gateway } = toNames(input.tenant.metadata.name);
  return toOwned(input.tenant, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: gateway },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: gateway },
      minReplicas: autoscaling.minReplicas,
      maxReplicas: autoscaling.maxReplicas,
      metrics: toMetrics(autoscaling, input.customMetricsServed),
      behavior: toBehavior(autoscaling),
    },
  });
};

/** An autoscaler that cannot read one of its metrics never scales down, so none is named that is not served. */
const toMetrics = (autoscaling: Autoscaling, customMetricsServed: boolean): V2MetricSpec[] => {
  const { connectionsPerPod, cpuUtilization } = autoscaling;
  const connections = customMetricsServed ? connectionsPerPod : undefined;
  const cpu = cpuUtilization ?? (connections === undefined ? fallbackCpuUtilization : undefined);
  return [
    ...(connections === undefined ? [] : [toConnectionsMetric(connections)]),
    ...(cpu === undefined ? [] : [toCpuMetric(cpu)]),
  ];
};

const toConnectionsMetric = (perPod: number): V2MetricSpec => ({
  type: "Pods",
  pods: { metric: { name: connectionsMetric }, target: { type: "AverageValue", averageValue: String(perPod) } },
});

const toCpuMetric = (averageUtilization: number): V2MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

/** Up at once and twofold, for connections come in crowds; down late and one by one, for each pod that goes moves all its sockets. */
const toBehavior = ({ scaleDownStabilizationSeconds }: Autoscaling): V2HorizontalPodAutoscalerBehavior => ({
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 100, periodSeconds: 60 }],
  },
  scaleDown: {
    stabilizationWindowSeconds: scaleDownStabilizationSeconds,
    selectPolicy: "Max",
    policies: [{ type: "Pods", value: 1, periodSeconds: 120 }],
  },
});
