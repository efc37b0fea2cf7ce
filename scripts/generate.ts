import { parseArgs } from "node:util";
import { generatedFiles } from "./generate/files.ts";
import { findStale, writeStale } from "./generate/sync.ts";
import { runMain } from "./process/sentence.ts";
import { projectDir } from "./start/home.ts";

/**
 * Writes every file that is made from code: `pnpm generate`. With `--check` it writes nothing, names each file that is
 * stale and ends with 1.
 */
const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  if (!values.check) {
    for (const path of await writeStale(projectDir, generatedFiles)) console.log(`wrote ${path}`);
    return 0;
  }
  const stale = await findStale(projectDir, generatedFiles);
  for (const path of stale) console.error(`stale: ${path}`);
  if (stale.length > 0) console.error("run `pnpm generate` and commit what it writes");
  return stale.length === 0 ? 0 : 1;
};

await runMain(main);
