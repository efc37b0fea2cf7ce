import { runMain } from "../../process/sentence.ts";
import { stopSignal } from "../../process/stop-signal.ts";
import { ensureBinaries } from "./build-binaries.ts";
import { findKubectl } from "./kubectl.ts";

/** `node scripts/testing/kube/build.ts`: makes what the tests on a real API server need. Ends with 1 and says why if it cannot. */
const main = async (): Promise<number> => {
  const signal = stopSignal();
  const binaries = await ensureBinaries({ say: (line) => console.error(line), signal });
  const kubectl = await findKubectl();
  const problems = [binaries, kubectl].flatMap((found) => ("problem" in found ? [found.problem] : []));
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? 0 : 1;
};

await runMain(main);
