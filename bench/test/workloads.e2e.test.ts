import { expect, test } from "vitest";
import { workloads } from "../workloads/all.ts";

/**
 * Every workload for a moment, with real processes: does it run to its end, and does everything that we deliver arrive
 * once and in order? Speeds are no matter here.
 */
test.skipIf(process.platform !== "linux").each(workloads)(
  "$name runs, and delivers everything once and in order",
  { timeout: 120_000 },
  async ({ run }) => {
    const { figures, roundsKept, notes } = await run({
      ...{ rounds: 1, seconds: 0.4, quick: true, acceptNoise: true, say: () => undefined },
    });
    // Without a C compiler there is no slow disk; the workload says so.
    const skipped = notes?.some((note) => note.includes("Skipped")) ?? false;
    expect(roundsKept).toBeGreaterThan(skipped ? -1 : 0);
    expect(figures.length).toBeGreaterThan(skipped ? -1 : 0);
    for (const { what, median } of figures) expect(median, what).toSatisfy(Number.isFinite);
  },
);
