import type { MetricDescription } from "../kube/metric-table.ts";
import { engineMetrics } from "../kube/metric-table.ts";

/** What the operator measures beside its engine. */
export const operatorMetrics = {
  sendsar_operator_tenant_condition: {
    kind: "gauge",
    help: "1 for what each condition of each Tenant is now: True, False or Unknown.",
    labels: ["namespace", "name", "type", "status"],
  },
  sendsar_operator_tenants: {
    kind: "gauge",
    help: "Tenants by how they stand: ready, not_ready, unknown, suspended, paused, deleting.",
    labels: ["state"],
  },
  sendsar_operator_rollouts: {
    kind: "gauge",
    help: "Tenants whose gateways are being replaced (running), or wait for that (queued).",
    labels: ["state"],
  },
  sendsar_operator_rollout_budget: {
    kind: "gauge",
    help: "Tenants whose gateways may be replaced at a time by a change of the operator's.",
    labels: [],
  },
  sendsar_operator_event_loop_delay_seconds: {
    kind: "gauge",
    help: "Longest pause of the event loop since the last reading. A leader that pauses for longer than 10 seconds has lost.",
    labels: [],
  },
  process_resident_memory_bytes: { kind: "gauge", help: "Memory of the process.", labels: [] },
  process_start_time_seconds: { kind: "gauge", help: "When the process started, in seconds since 1970.", labels: [] },
  process_cpu_seconds_total: { kind: "counter", help: "CPU time of the process.", labels: [] },
} as const satisfies Readonly<Record<string, MetricDescription>>;

export type OperatorMetricName = keyof typeof operatorMetrics;

/** Every metric of the operator. Source of the reference page. */
export const allMetrics: Readonly<Record<string, MetricDescription>> = { ...engineMetrics, ...operatorMetrics };
