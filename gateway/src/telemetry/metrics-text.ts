import { monitorEventLoopDelay } from "node:perf_hooks";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { Metric, MetricSources } from "./metrics.ts";
import { eventLoopResolutionMs, metrics } from "./metrics.ts";

/** The metrics of this gateway, to be read by Prometheus. */
export interface MetricsText extends AsyncDisposable {
  /** All of them, in Prometheus' text format. */
  read(): Promise<string>;
}

/** Nothing is measured between two readings but the event loop. */
export const openMetricsText = (sources: Omit<MetricSources, "eventLoop">): MetricsText => {
  const eventLoop = monitorEventLoopDelay({ resolution: eventLoopResolutionMs });
  eventLoop.enable();
  const reader = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter("sendsar");
  const from: MetricSources = { ...sources, eventLoop };
  for (const [name, { type, sentence, read }] of Object.entries<Metric>(metrics)) {
    const instrument =
      type === "counter"
        ? meter.createObservableCounter(name, { description: sentence })
        : meter.createObservableGauge(name, { description: sentence });
    instrument.addCallback((result) => {
      for (const { value, labels } of read(from)) result.observe(value, labels);
    });
  }
  // Without the names of scope and target, which say the same of every line.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    async read() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors, "unable to read the metrics");
      const text = serializer.serialize(resourceMetrics);
      eventLoop.reset();
      return text;
    },
    async [Symbol.asyncDispose]() {
      eventLoop.disable();
      await provider.shutdown();
    },
  };
};
