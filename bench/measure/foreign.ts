import { availableParallelism } from "node:os";
import { machineBusyMicros } from "./cpu.ts";

/** Tells how much of the machine others used while something was measured. */
export interface ForeignWatch {
  /** Share of all cores, between 0 and 1, since the watch began. */
  share(): number;
}

/** `ownMicros` answers the CPU time of everything that belongs to the benchmark. */
export const watchForeign = (ownMicros: () => number): ForeignWatch => {
  const busyAtStart = machineBusyMicros();
  const ownAtStart = ownMicros();
  const startedAt = performance.now();
  return {
    share() {
      const wallMicros = (performance.now() - startedAt) * 1000 * availableParallelism();
      const foreign = machineBusyMicros() - busyAtStart - (ownMicros() - ownAtStart);
      return Math.max(0, foreign) / wallMicros;
    },
  };
};
