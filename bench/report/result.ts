/** What a figure should be. */
export interface Target {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One figure of a workload, over the rounds that count. */
export interface Figure {
  readonly what: string;
  /** `x` for a ratio of two subjects in one round. */
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly target?: Target;
}

/** What came of one workload. */
export interface WorkloadResult {
  readonly name: string;
  /** What is done, in a line. */
  readonly what: string;
  readonly figures: readonly Figure[];
  readonly roundsKept: number;
  readonly roundsRejected: readonly string[];
  /** Why there are no figures, or what to know about them. */
  readonly notes: readonly string[];
  /** True: a subject of ours lost, doubled or swapped a message, so its speed counts for nothing. */
  readonly failed: boolean;
  readonly seconds: number;
  /** Load average of the machine when it began and when it ended, this benchmark's own work included. */
  readonly load: readonly [number, number];
}

/** A whole run. */
export interface BenchResult {
  readonly date: string;
  readonly command: string;
  readonly commit: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly acceptedNoise: boolean;
  readonly workloads: readonly WorkloadResult[];
}

/** The value that speaks most against us; for a figure without a target there is none. */
export const worstOf = ({ target, min, max }: Figure): number | undefined => {
  if (target?.atMost !== undefined) return max;
  return target?.atLeast === undefined ? undefined : min;
};

/** Is the median where it should be? Undefined without a target. */
export const isMet = ({ target, median }: Figure): boolean | undefined => {
  if (target?.atMost !== undefined) return median <= target.atMost;
  return target?.atLeast === undefined ? undefined : median >= target.atLeast;
};
