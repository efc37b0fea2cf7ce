import { allMetrics } from "@sendsar/operator/telemetry/metric-table";
import { code, page, table } from "./markdown.ts";

/** The text of `docs/reference/operator-metrics.md`. */
export const generateOperatorMetricsPage = (): string =>
  page("Metrics of the operator", [
    "In Prometheus' text format at `/metrics` of the operator's `METRICS_PORT`. Those that every controller has bear the names of controller-runtime and client-go, so that dashboards and alerts made for these work.",
    table(
      ["Metric", "Kind", "Labels", "Meaning"],
      Object.entries(allMetrics).map(([name, { kind, labels, help }]) => [
        code(name),
        kind,
        labels.map(code).join(", "),
        help,
      ]),
    ),
  ]);
