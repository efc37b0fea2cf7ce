import type { HorizontalPodAutoscaler } from "../desired/kinds.ts";
import { isAsleep } from "../desired/replicas.ts";
import type { ConditionUpdate } from "../tenant/conditions.ts";
import type { Tenant } from "../tenant/tenant.ts";

/** `AutoscalingActive`, as the autoscaler says; pure. */
export const toActive = (
  tenant: Tenant,
  autoscaler: HorizontalPodAutoscaler | undefined,
  customMetricsServed: boolean,
): ConditionUpdate<"AutoscalingActive"> => ({
  type: "AutoscalingActive",
  ...toActivity(tenant, autoscaler, customMetricsServed),
});

type Activity = Omit<ConditionUpdate<"AutoscalingActive">, "type">;

const toActivity = (
  tenant: Tenant,
  autoscaler: HorizontalPodAutoscaler | undefined,
  customMetricsServed: boolean,
): Activity => {
  const { autoscaling } = tenant.spec.gateway;
  if (!autoscaling) {
    return { status: "False", reason: "Disabled", message: "spec.gateway.replicas says how many gateways run." };
  }
  if (isAsleep(tenant)) return { status: "False", reason: "Suspended", message: "There is nothing to scale." };
  const conditions = autoscaler?.status?.conditions ?? [];
  const failing = conditions.find(({ type, status }) => type === "ScalingActive" && status === "False");
  if (failing) {
    const message = `${failing.reason ?? failing.type}: ${failing.message ?? ""}`;
    return { status: "False", reason: "ScalingFailed", message };
  }
  const active = conditions.some(({ type, status }) => type === "ScalingActive" && status === "True");
  if (autoscaling.connectionsPerPod !== undefined && !customMetricsServed) {
    const message = "custom.metrics.k8s.io does not serve chat_gateway_connections, so that the CPU decides instead.";
    return { status: "False", reason: "CustomMetricsUnavailable", message };
  }
  if (active) return { status: "True", reason: "Active", message: "The autoscaler says how many gateways run." };
  return { status: "Unknown", reason: "Progressing", message: "The autoscaler has not measured yet." };
};
