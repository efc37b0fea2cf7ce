/** A metric as it stands on the page of metrics. */
export interface MetricDescription {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const powersOfTen = Array.from({ length: 12 }, (_, n) => 10 ** (n - 8));
const reconcileSeconds = [
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75],
  [2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
].flat();

const queue = ["name", "controller"];

/**
 * What the engine measures. The names and labels of `workqueue_`, `controller_runtime_`, `rest_client_` and
 * `leader_election_` are those of controller-runtime, so that its dashboards and alerts fit; the others are ours.
 */
export const engineMetrics = {
  workqueue_depth: {
    kind: "gauge",
    help: "Keys that are due and wait for a worker. Priority 100 are those of Tenants that somebody changed, -100 those of a start or a resync.",
    labels: [...queue, "priority"],
  },
  workqueue_adds_total: { kind: "counter", help: "Keys that became due.", labels: queue },
  workqueue_queue_duration_seconds: {
    kind: "histogram",
    help: "How long a due key waited for a worker.",
    labels: queue,
    buckets: powersOfTen,
  },
  workqueue_work_duration_seconds: {
    kind: "histogram",
    help: "How long a worker had a key.",
    labels: queue,
    buckets: powersOfTen,
  },
  workqueue_unfinished_work_seconds: {
    kind: "gauge",
    help: "How long the keys that are being worked on have been, all together. A value that keeps growing is a stuck worker.",
    labels: queue,
  },
  workqueue_longest_running_processor_seconds: {
    kind: "gauge",
    help: "How long the key that has been worked on longest has been.",
    labels: queue,
  },
  workqueue_retries_total: { kind: "counter", help: "Keys that came again because of a failure.", labels: queue },
  sendsar_operator_storm_delays_total: {
    kind: "counter",
    help: "Changes of an object that had to wait because it changes without end: somebody undoes what the operator does.",
    labels: queue,
  },
  controller_runtime_reconcile_total: {
    kind: "counter",
    help: "Reconciles that ended: success, error, requeue (a quiet retry) or requeue_after (a success that asked for another visit).",
    labels: ["controller", "result"],
  },
  controller_runtime_reconcile_errors_total: {
    kind: "counter",
    help: "Reconciles that failed.",
    labels: ["controller"],
  },
  controller_runtime_terminal_reconcile_errors_total: {
    kind: "counter",
    help: "Reconciles that failed in a way that trying again does not help.",
    labels: ["controller"],
  },
  controller_runtime_reconcile_panics_total: {
    kind: "counter",
    help: "Reconciles that failed by a mistake of the program.",
    labels: ["controller"],
  },
  controller_runtime_reconcile_timeouts_total: {
    kind: "counter",
    help: "Reconciles that took longer than they may.",
    labels: ["controller"],
  },
  controller_runtime_reconcile_time_seconds: {
    kind: "histogram",
    help: "How long a reconcile took.",
    labels: ["controller"],
    buckets: reconcileSeconds,
  },
  controller_runtime_active_workers: { kind: "gauge", help: "Reconciles that run.", labels: ["controller"] },
  controller_runtime_max_concurrent_reconciles: {
    kind: "gauge",
    help: "Reconciles that may run at a time.",
    labels: ["controller"],
  },
  rest_client_requests_total: {
    kind: "counter",
    help: "Requests to the API server by status; <error> when there was no answer.",
    labels: ["code", "method", "host"],
  },
  leader_election_master_status: {
    kind: "gauge",
    help: "1 in the process that leads, 0 in the others.",
    labels: ["name"],
  },
  sendsar_operator_watch_age_seconds: {
    kind: "gauge",
    help: "Since when nothing was heard of the watch on a kind. A server sends a bookmark each minute.",
    labels: ["resource"],
  },
  sendsar_operator_watch_events_total: {
    kind: "counter",
    help: "What watches were told, bookmarks included.",
    labels: ["resource"],
  },
  sendsar_operator_watch_lists_total: {
    kind: "counter",
    help: "Whole lists of a kind; each after the first means that a watch could not go on where it was.",
    labels: ["resource"],
  },
  sendsar_operator_watch_reconnects_total: {
    kind: "counter",
    help: "Watches that were opened again.",
    labels: ["resource"],
  },
  sendsar_operator_watch_handler_errors_total: {
    kind: "counter",
    help: "Changes that could not be queued.",
    labels: ["resource"],
  },
  sendsar_operator_events_dropped_total: {
    kind: "counter",
    help: "Kubernetes Events that were not written: too many about an object, too many waiting, or no answer.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDescription>>;

export type EngineMetricName = keyof typeof engineMetrics;
