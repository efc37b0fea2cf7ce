import type { LatencySummary } from "./protocol.ts";
import { quantile } from "../measure/statistics.ts";

/** Collects times and sums them up. */
export interface Latencies {
  add(ms: number): void;
  summary(): LatencySummary;
}

export const createLatencies = (): Latencies => {
  const all: number[] = [];
  return {
    add: (ms) => void all.push(ms),
    summary() {
      const sorted = Float64Array.from(all).sort();
      return {
        count: sorted.length,
        p50Ms: quantile(sorted, 0.5),
        p99Ms: quantile(sorted, 0.99),
        maxMs: quantile(sorted, 1),
      };
    },
  };
};
