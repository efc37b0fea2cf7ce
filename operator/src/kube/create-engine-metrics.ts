import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import type {
  ControllerMetrics,
  EngineMetrics,
  LeadershipMetrics,
  QueueMetrics,
  RequestMetrics,
  WatchMetrics,
} from "./engine-metrics.ts";
import type { EngineMetricName, MetricDescription } from "./metric-table.ts";
import { engineMetrics } from "./metric-table.ts";

/** Measures by OpenTelemetry, under the names of the table. Once for a process: an instrument has one life. */
export const createEngineMetrics = (meter: Meter): EngineMetrics => {
  const instruments = createInstruments(meter);
  const events = instruments.counter("sendsar_operator_events_dropped_total");
  return {
    requests: createRequestMetrics(instruments),
    queue: (name) => createQueueMetrics(instruments, name),
    controller: (name) => createControllerMetrics(instruments, name),
    watch: (resource) => createWatchMetrics(instruments, resource),
    leadership: createLeadershipMetrics(instruments),
    events: { dropped: () => events.add(1) },
  };
};

/** Instruments by their names in the table. */
interface Instruments {
  counter(name: EngineMetricName): Counter;
  histogram(name: EngineMetricName): Histogram;
  /** Asks `read` whenever the metrics are read. */
  gauge(name: EngineMetricName, attributes: Attributes, read: () => number): void;
}

/** Without a unit: the name says it, and Prometheus' text format knows no other place for one. */
const createInstruments = (meter: Meter): Instruments => {
  const describe = (name: EngineMetricName): MetricDescription => engineMetrics[name];
  return {
    counter: (name) => meter.createCounter(name, { description: describe(name).help }),
    histogram(name) {
      const { help, buckets = [] } = describe(name);
      return meter.createHistogram(name, { description: help, advice: { explicitBucketBoundaries: [...buckets] } });
    },
    gauge(name, attributes, read) {
      const gauge = meter.createObservableGauge(name, { description: describe(name).help });
      gauge.addCallback((result) => result.observe(read(), attributes));
    },
  };
};

const createRequestMetrics = (instruments: Instruments): RequestMetrics => {
  const requests = instruments.counter("rest_client_requests_total");
  return { finished: ({ code, method, host }) => requests.add(1, { code, method, host }) };
};

const createQueueMetrics = (instruments: Instruments, name: string): QueueMetrics => {
  const labels = { name, controller: name };
  const adds = instruments.counter("workqueue_adds_total");
  const retries = instruments.counter("workqueue_retries_total");
  const calmed = instruments.counter("sendsar_operator_storm_delays_total");
  const waits = instruments.histogram("workqueue_queue_duration_seconds");
  const works = instruments.histogram("workqueue_work_duration_seconds");
  return {
    added: () => adds.add(1, labels),
    retried: () => retries.add(1, labels),
    calmed: () => calmed.add(1, labels),
    taken: (dueMs) => waits.record(dueMs / 1000, labels),
    finished: (workedMs) => works.record(workedMs / 1000, labels),
    observe(queue) {
      instruments.gauge("workqueue_depth", { ...labels, priority: "100" }, () => queue.depth("high"));
      instruments.gauge("workqueue_depth", { ...labels, priority: "0" }, () => queue.depth("normal"));
      instruments.gauge("workqueue_depth", { ...labels, priority: "-100" }, () => queue.depth("low"));
      const seconds = (): number[] => [...queue.processing.values()].map((since) => (queue.now() - since) / 1000);
      instruments.gauge("workqueue_unfinished_work_seconds", labels, () =>
        seconds().reduce((sum, one) => sum + one, 0),
      );
      instruments.gauge("workqueue_longest_running_processor_seconds", labels, () => Math.max(0, ...seconds()));
    },
  };
};

const createControllerMetrics = (instruments: Instruments, controller: string): ControllerMetrics => {
  const labels = { controller };
  const total = instruments.counter("controller_runtime_reconcile_total");
  const errors = instruments.counter("controller_runtime_reconcile_errors_total");
  const terminal = instruments.counter("controller_runtime_terminal_reconcile_errors_total");
  const panics = instruments.counter("controller_runtime_reconcile_panics_total");
  const timeouts = instruments.counter("controller_runtime_reconcile_timeouts_total");
  const times = instruments.histogram("controller_runtime_reconcile_time_seconds");
  let active = 0;
  let workers = 0;
  instruments.gauge("controller_runtime_active_workers", labels, () => active);
  instruments.gauge("controller_runtime_max_concurrent_reconciles", labels, () => workers);
  for (const counter of [errors, terminal, panics, timeouts]) counter.add(0, labels);
  return {
    workers(count) {
      workers = count;
    },
    started() {
      active++;
    },
    finished(outcome, ms) {
      active--;
      total.add(1, { ...labels, result: outcome });
      if (outcome === "error") errors.add(1, labels);
      times.record(ms / 1000, labels);
    },
    terminalError: () => terminal.add(1, labels),
    panic: () => panics.add(1, labels),
    timeout: () => timeouts.add(1, labels),
  };
};

const createWatchMetrics = (instruments: Instruments, resource: string): WatchMetrics => {
  const labels = { resource };
  const events = instruments.counter("sendsar_operator_watch_events_total");
  const lists = instruments.counter("sendsar_operator_watch_lists_total");
  const reconnects = instruments.counter("sendsar_operator_watch_reconnects_total");
  const errors = instruments.counter("sendsar_operator_watch_handler_errors_total");
  /** One for each namespace that is watched. */
  const ages: (() => number)[] = [];
  return {
    listed: () => lists.add(1, labels),
    reconnected: () => reconnects.add(1, labels),
    event: () => events.add(1, labels),
    handlerError: () => errors.add(1, labels),
    observeAge(ageMs) {
      ages.push(ageMs);
      if (ages.length > 1) return;
      const oldest = (): number => Math.max(...ages.map((age) => age()));
      instruments.gauge("sendsar_operator_watch_age_seconds", labels, () => oldest() / 1000);
    },
  };
};

const createLeadershipMetrics = (instruments: Instruments): LeadershipMetrics => {
  const leads = new Map<string, boolean>();
  return {
    leading(name, isLeading) {
      if (!leads.has(name))
        instruments.gauge("leader_election_master_status", { name }, () => (leads.get(name) ? 1 : 0));
      leads.set(name, isLeading);
    },
  };
};
