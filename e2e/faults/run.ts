import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderVerdict } from "../checker/render.ts";
import { Sentence, runMain } from "../../scripts/process/sentence.ts";
import { stopSignal } from "../../scripts/process/stop-signal.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { createRandom } from "./load/random.ts";
import { renderPage } from "./report/page.ts";
import { remarksOf, renderTable } from "./report/table.ts";
import { rows } from "./rows/all.ts";
import type { Outcome } from "./rows/player.ts";
import { createPlayer, isKept } from "./rows/player.ts";
import { fullScale, quickScale } from "./stage/scale.ts";

const usage = "usage: npm run test:faults -- [--row N]… [--messages N] [--rate N] [--seed N] [--quick] [--report]";
/** No row is begun later than this. */
const runMsMax = 25 * 60_000;
const rowMessagesMin = 1000;
/** Of a run of all rows, and of each row that is played by itself. */
const messagesOfAll = 100_000;
const messagesOfOne = 2000;
const pageFile = "docs/reference/fault-report.md";

/**
 * Plays the fault matrix, prints a table and, when all rows were played, writes the page for the docs. Ends with 0 when every
 * promise was kept.
 */
const main = async (): Promise<number> => {
  const options = readOptions();
  const signal = stopSignal();
  const startedAt = performance.now();
  const pods = options.quick ? 2 : 3;
  const scale = {
    ...(options.quick ? quickScale : fullScale),
    ...(options.rate && { messagesPerSecond: options.rate }),
  };
  const random = createRandom(options.seed);
  const outcomes: Outcome[] = [];
  await using player = createPlayer({ pods, scale, random, isFull: !options.quick });
  for (const [n, row] of options.rows.entries()) {
    if (signal.aborted) throw new Sentence("unable to finish the rows; told to stop");
    if (performance.now() - startedAt > runMsMax) {
      outcomes.push({ row, failure: "there was no time left" });
      continue;
    }
    const left = options.messages - outcomes.reduce((sum, one) => sum + acknowledgedIn(one), 0);
    const messages = Math.max(Math.min(rowMessagesMin, options.messages), Math.ceil(left / (options.rows.length - n)));
    const outcome = await player.play(row, messages);
    outcomes.push(outcome);
    print(outcome);
  }
  console.log(`\n${renderTable(outcomes)}`);
  const minutes = (performance.now() - startedAt) / 60_000;
  if (options.report) {
    const { seed } = options;
    await writeFile(join(projectDir, pageFile), await renderPage({ outcomes, scale, pods, seed, minutes, projectDir }));
    console.log(`\nwrote ${pageFile}`);
  }
  return outcomes.every(isKept) ? 0 : 1;
};

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      row: { type: "string", multiple: true },
      messages: { type: "string" },
      rate: { type: "string" },
      seed: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
      report: { type: "boolean", default: false },
    },
  });
  const wanted = rows.filter(({ id }) => values.row === undefined || values.row.includes(String(id)));
  const unknown = (values.row ?? []).filter((id) => !rows.some((row) => String(row.id) === id));
  if (unknown.length > 0) throw new Sentence(`unable to play row ${unknown.join(", ")}; there is none\n${usage}`);
  const isWhole = wanted.length === rows.length && !values.quick;
  const messages = wanted.length === rows.length ? messagesOfAll : messagesOfOne * wanted.length;
  return {
    rows: wanted,
    messages: values.messages === undefined ? messages : toNumber("messages", values.messages),
    rate: values.rate === undefined ? undefined : toNumber("rate", values.rate),
    seed: toNumber("seed", values.seed),
    quick: values.quick,
    report: values.report || isWhole,
  };
};

const toNumber = (name: string, value: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new Sentence(`unable to read --${name}; it must be a whole number\n${usage}`);
  return Number(value);
};

const acknowledgedIn = (outcome: Outcome): number =>
  "result" in outcome ? outcome.result.verdict.figures.acknowledged : 0;

const print = (outcome: Outcome): void => {
  const { row } = outcome;
  const took = "result" in outcome ? ` (${outcome.result.seconds.toFixed(0)} s)` : "";
  console.log(`\nF${String(row.id).padStart(2, "0")} ${row.title}: ${isKept(outcome) ? "kept" : "NOT KEPT"}${took}`);
  for (const remark of remarksOf(outcome)) console.log(`  ${remark}`);
  if ("result" in outcome && outcome.result.verdict.violations.length > 0)
    console.log(renderVerdict(outcome.result.verdict));
};

await runMain(main);
// After faults that left connections half open, Node 24 has been seen to wait in its own clean-up for ever, on a full core.
process.exit();
