import type { OperatorProcess } from "./operator-process.ts";

/** The sum of all series of a metric, as Prometheus would scrape it now; 0 while there is none. */
export const readMetric = async ({ metricsPort }: OperatorProcess, name: string): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const lines = (await response.text()).split("\n");
  const series = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return series.reduce((sum, line) => sum + Number(/^\S+(?:\{.*\})? (\S+)/.exec(line)?.[1]), 0);
};

/** How many visits to Tenants have ended so far. */
export const readVisits = (operator: OperatorProcess): Promise<number> =>
  readMetric(operator, "controller_runtime_reconcile_total");
