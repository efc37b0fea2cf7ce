import type { Figure } from "../report/result.ts";

/** What a workload is given. */
export interface WorkloadOptions {
  readonly rounds: number;
  /** Of one turn of a system that is compared; floors get less. */
  readonly seconds: number;
  /** Smaller worlds, for a run of a few minutes. */
  readonly quick: boolean;
  readonly acceptNoise: boolean;
  /** Tells the reader how it goes. */
  readonly say: (text: string) => void;
}

/** What a workload found. */
export interface WorkloadFindings {
  readonly figures: readonly Figure[];
  readonly roundsKept: number;
  readonly roundsRejected: readonly string[];
  readonly notes?: readonly string[];
}

export interface Workload {
  readonly name: string;
  /** What is done, in a line. */
  readonly what: string;
  /** Throws `WrongDelivery` when a message of ours was lost, came twice or in the wrong place. */
  readonly run: (options: WorkloadOptions) => Promise<WorkloadFindings>;
}

/** A subject of ours did not deliver what it must: its speed counts for nothing. */
export class WrongDelivery extends Error {
  override readonly name = "WrongDelivery";
}
