import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { describe, expect, test } from "vitest";
import { createEngineMetrics } from "../../src/kube/create-engine-metrics.ts";
import type { EngineMetrics } from "../../src/kube/engine-metrics.ts";
import type { MetricDescription } from "../../src/kube/metric-table.ts";
import { engineMetrics } from "../../src/kube/metric-table.ts";
import { createRateLimiter } from "../../src/kube/rate-limiter.ts";
import { createWorkQueue } from "../../src/kube/work-queue.ts";
import { createTestClock } from "./test-clock.ts";

const measure = (): { readonly metrics: EngineMetrics; read(): Promise<readonly string[]> } => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const serializer = new PrometheusSerializer();
  return {
    metrics: createEngineMetrics(provider.getMeter("engine")),
    async read() {
      const { resourceMetrics } = await exporter.collect();
      const lines = serializer.serialize(resourceMetrics).split("\n");
      return lines.map((line) => line.replace(/,?otel_scope_name="engine",?/, ""));
    },
  };
};
const useAll = (metrics: EngineMetrics): void => {
  metrics.requests.finished({ method: "GET", verb: "list", resource: "pods", host: "api:443", code: "200", ms: 3 });
  const queue = metrics.queue("tenant");
  queue.added();
  queue.taken(20);
  queue.finished(1500);
  queue.retried();
  queue.calmed();
  queue.observe({
    depth: (priority) => ({ high: 1, normal: 2, low: 7 })[priority],
    processing: new Map([
      ["a", 500],
      ["b", 1000],
    ]),
    now: () => 2000,
  });
  const controller = metrics.controller("tenant");
  controller.workers(8);
  controller.started();
  controller.started();
  controller.finished("error", 30);
  controller.terminalError();
  controller.panic();
  controller.timeout();
  const watch = metrics.watch("tenants");
  watch.listed();
  watch.reconnected();
  watch.event();
  watch.handlerError();
  watch.observeAge(() => 1500);
  watch.observeAge(() => 4500);
  metrics.leadership.leading("operator", false);
  metrics.leadership.leading("operator", true);
  metrics.events.dropped();
};

describe("the metrics of the engine", () => {
  test("§1.3: each is there under its exact name and kind, with its labels and no others", async () => {
    const { metrics, read } = measure();
    useAll(metrics);
    const lines = await read();
    for (const [name, { kind, labels }] of Object.entries<MetricDescription>(engineMetrics)) {
      expect(lines).toContain(`# TYPE ${name} ${kind}`);
      const sample = lines.find(
        (line) => line.startsWith(kind === "histogram" ? `${name}_count` : `${name}`) && !line.startsWith("#"),
      );
      const found = [...(sample ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label ?? "");
      expect([name, ...found.toSorted()]).toEqual([name, ...labels.toSorted()]);
    }
    const names = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    expect(names.filter((name) => !(name in engineMetrics))).toEqual(["target_info"]);
  });

  test("§1.3: values are in seconds, priorities as controller-runtime writes them", async () => {
    const { metrics, read } = measure();
    useAll(metrics);
    const lines = await read();
    for (const line of [
      'workqueue_depth{name="tenant",controller="tenant",priority="100"} 1',
      'workqueue_depth{name="tenant",controller="tenant",priority="0"} 2',
      'workqueue_depth{name="tenant",controller="tenant",priority="-100"} 7',
      'workqueue_work_duration_seconds_sum{name="tenant",controller="tenant"} 1.5',
      'workqueue_work_duration_seconds_bucket{name="tenant",controller="tenant"le="1"} 0',
      'workqueue_unfinished_work_seconds{name="tenant",controller="tenant"} 2.5',
      'workqueue_longest_running_processor_seconds{name="tenant",controller="tenant"} 1.5',
      'controller_runtime_reconcile_total{controller="tenant",result="error"} 1',
      'controller_runtime_reconcile_errors_total{controller="tenant"} 1',
      'controller_runtime_active_workers{controller="tenant"} 1',
      'controller_runtime_max_concurrent_reconciles{controller="tenant"} 8',
      'rest_client_requests_total{code="200",method="GET",host="api:443"} 1',
      'leader_election_master_status{name="operator"} 1',
      'sendsar_operator_watch_age_seconds{resource="tenants"} 4.5',
    ])
      expect(lines).toContain(line);
  });

  test("a queue tells how it stands by itself", async () => {
    const { metrics, read } = measure();
    const clock = createTestClock();
    const queue = createWorkQueue({
      clock,
      rateLimiter: createRateLimiter({ clock }),
      metrics: metrics.queue("tenant"),
    });
    for (const key of ["a", "b", "c"]) queue.add(key, key === "c" ? "low" : "normal");
    await clock.advance(3000);
    await queue.take();
    await clock.advance(2000);
    const lines = await read();
    for (const line of [
      'workqueue_depth{name="tenant",controller="tenant",priority="0"} 1',
      'workqueue_depth{name="tenant",controller="tenant",priority="-100"} 1',
      'workqueue_adds_total{name="tenant",controller="tenant"} 3',
      'workqueue_queue_duration_seconds_sum{name="tenant",controller="tenant"} 3',
      'workqueue_unfinished_work_seconds{name="tenant",controller="tenant"} 2',
    ])
      expect(lines).toContain(line);
  });
});
