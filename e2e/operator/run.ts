import { runMain } from "../../scripts/process/sentence.ts";
import { stopSignal } from "../../scripts/process/stop-signal.ts";
import { runVitest } from "../../scripts/testing/run-vitest.ts";
import { buildKube } from "../../scripts/testing/steps.ts";
import { addSummaries, renderSummary } from "../../scripts/testing/summary.ts";

/**
 * `npm run test:operator [-- words of file names]`: the operator against everything that takes longer than a test run may. The
 * last line says how many passed, failed and were skipped.
 */
const main = async (): Promise<number> => {
  const signal = stopSignal();
  const built = await buildKube(signal);
  const tests = await runVitest(["--config", "e2e/operator/long.config.ts", ...process.argv.slice(2)], signal);
  const summary = addSummaries([built, tests]);
  console.log(`\n${renderSummary(summary)}`);
  return summary.failures.length === 0 ? 0 : 1;
};

await runMain(main);
