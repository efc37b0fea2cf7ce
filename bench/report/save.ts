import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../scripts/start/home.ts";
import type { BenchResult } from "./result.ts";

const resultsDir = join(projectDir, "bench/results");
const page = join(projectDir, "docs/explanation/performance.md");
const begin = "<!-- bench: begin; written by npm run bench -->";
const end = "<!-- bench: end -->";

/** Keeps a run with the code: for tools, for people, and in the page that explains it. */
export const saveReport = async (result: BenchResult, markdown: string): Promise<void> => {
  await writeFile(join(resultsDir, "latest.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  await writeFile(join(resultsDir, "latest.md"), `# Last run\n\n${markdown}\n`);
  await writeFile(page, replaceBetweenMarkers(await readFile(page, "utf8"), markdown));
};

/** The page with another report in it. Throws when the markers are not there. */
export const replaceBetweenMarkers = (text: string, markdown: string): string => {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error("unable to write the report into the page; its markers are not there");
  return `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`;
};
