import type { IncomingMessage, ServerResponse } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Attributes, Meter } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { isRolling } from "../desired/deployment-state.ts";
import type { Deployment } from "../desired/kinds.ts";
import type { Cache } from "../kube/cache.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { answer } from "./http-server.ts";
import type { OperatorMetricName } from "./metric-table.ts";
import { operatorMetrics } from "./metric-table.ts";
import { toTenantState, tenantStates } from "./tenant-state.ts";

/** Measures, and answers what was measured in Prometheus' text format. */
export interface Metrics extends AsyncDisposable {
  readonly meter: Meter;
  /** Answers with all that was measured on the meter, and with the text of `more` behind it. */
  handle(more: () => string): (request: IncomingMessage, response: ServerResponse) => void;
}

export const createMetrics = (): Metrics => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  // Names and labels just as they are in the tables: dashboards for controller-runtime know no scopes.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const provider = new MeterProvider({ readers: [exporter] });
  return {
    meter: provider.getMeter("sendsar-operator"),
    handle: (more) => (_request, response) => {
      const respond = async (): Promise<void> => {
        const { resourceMetrics, errors } = await exporter.collect();
        if (errors.length > 0) throw new AggregateError(errors, "unable to collect metrics");
        response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
        response.end(serializer.serialize(resourceMetrics) + more());
      };
      respond().catch((error: unknown) => answer(response, 500, error instanceof Error ? error.message : "error"));
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  };
};

/** What is read off the caches when somebody asks for the metrics. */
export interface MeasuredCaches {
  readonly tenants: Cache<Tenant>;
  readonly deployments: Cache<Deployment>;
}

/** Measures Tenants, rollouts and the process. Once for a process. */
export const measureOperator = (
  meter: Meter,
  { tenants, deployments }: MeasuredCaches,
  rolloutBudget: number,
): void => {
  const measure = (name: MeasuredName, read: () => Iterable<Reading>): void => {
    const { kind, help } = operatorMetrics[name];
    const options = { description: help };
    const instrument =
      kind === "counter" ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options);
    instrument.addCallback((result) => {
      for (const [value, attributes] of read()) result.observe(value, attributes);
    });
  };
  measure("sendsar_operator_tenants", () => countStates(tenants.list()));
  measure("sendsar_operator_rollouts", () => [
    [deployments.list().filter(isRolling).length, { state: "running" }],
    [tenants.list().filter(isQueued).length, { state: "queued" }],
  ]);
  measure("sendsar_operator_rollout_budget", () => [[rolloutBudget]]);
  measureProcess(measure);
};

/** The others are rendered from the caches (`condition-metric.ts`). */
type MeasuredName = Exclude<OperatorMetricName, "sendsar_operator_tenant_condition">;

type Reading = readonly [value: number, attributes?: Attributes];

const countStates = (tenants: readonly Tenant[]): readonly Reading[] => {
  const counts = new Map<string, number>();
  for (const state of tenants.map(toTenantState)) counts.set(state, (counts.get(state) ?? 0) + 1);
  // A state of nobody is 0 and not absent: alerts compare it.
  return tenantStates.map((state) => [counts.get(state) ?? 0, { state }]);
};

const isQueued = ({ status }: Tenant): boolean =>
  status?.conditions?.some(({ type, reason }) => type === "GatewayAvailable" && reason === "RolloutQueued") ?? false;

const measureProcess = (measure: (name: MeasuredName, read: () => Iterable<Reading>) => void): void => {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  measure("sendsar_operator_event_loop_delay_seconds", () => {
    const seconds = delay.max / 1e9;
    delay.reset();
    return [[seconds]];
  });
  measure("process_resident_memory_bytes", () => [[process.memoryUsage.rss()]]);
  measure("process_start_time_seconds", () => [[Date.now() / 1000 - process.uptime()]]);
  measure("process_cpu_seconds_total", () => {
    const { user, system } = process.cpuUsage();
    return [[(user + system) / 1e6]];
  });
};
