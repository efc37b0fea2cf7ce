import { runMain } from "./process/sentence.ts";
import { stopSignal } from "./process/stop-signal.ts";
import { buildKube, runSteps } from "./testing/steps.ts";
import { runVitest } from "./testing/run-vitest.ts";
import { addSummaries, renderSummary } from "./testing/summary.ts";

/**
 * `npm test`: all checks, then all tests. `npm test -- gateway/test/rooms.pg.test.ts` hands its arguments to Vitest and
 * runs nothing else. The last line says how many passed, failed and were skipped.
 */
const main = async (): Promise<number> => {
  const vitestArgs = process.argv.slice(2);
  const signal = stopSignal();
  const steps = vitestArgs.length > 0 ? [] : await runSteps(signal);
  // Before the tests, whose time is limited. A single file of another kind does not wait for it.
  if (!signal.aborted && needsKube(vitestArgs)) steps.push(await buildKube(signal));
  const tests = signal.aborted ? [] : [await runVitest(vitestArgs, signal)];
  if (signal.aborted) {
    console.error("unable to finish the tests; told to stop");
    return 130;
  }
  const summary = addSummaries([...steps, ...tests]);
  console.log(`\n${renderSummary(summary)}`);
  return summary.failures.length === 0 ? 0 : 1;
};

const needsKube = (vitestArgs: readonly string[]): boolean =>
  vitestArgs.length === 0 || vitestArgs.some((arg) => /kube|operator|crds/.test(arg));

await runMain(main);
