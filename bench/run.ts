import { readOptions, usage } from "./options.ts";
import type { BenchOptions } from "./options.ts";
import { loadAverage } from "./measure/cpu.ts";
import { currentCommit, machineFacts } from "./measure/machine.ts";
import type { BenchResult, WorkloadResult } from "./report/result.ts";
import { saveReport } from "./report/save.ts";
import { toMarkdown } from "./report/table.ts";
import { workloads } from "./workloads/all.ts";
import type { Workload } from "./workloads/workload.ts";
import { WrongDelivery } from "./workloads/workload.ts";
import { runMain } from "../scripts/process/sentence.ts";
import { Sentence } from "../scripts/process/sentence.ts";
import { projectDir } from "../scripts/start/home.ts";

/** `npm run bench`: runs the workloads one after the other, prints the tables and keeps them with the code. */
const main = async (): Promise<number> => {
  const args = process.argv.slice(2);
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (process.platform !== "linux") throw new Sentence("unable to measure; CPU is read from /proc, which is Linux");
  const chosen = choose(options.only);
  const results: WorkloadResult[] = [];
  for (const workload of chosen) {
    process.stderr.write(`${workload.name} …\n`);
    results.push(await runWorkload(workload, options));
  }
  const result: BenchResult = {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    command: ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
    commit: await currentCommit(projectDir),
    machine: await machineFacts(),
    acceptedNoise: options.acceptNoise,
    workloads: results,
  };
  const markdown = toMarkdown(result);
  process.stdout.write(`${markdown}\n`);
  if (options.save) await saveReport(result, markdown);
  return results.some(({ failed }) => failed) ? 1 : 0;
};

const choose = (names: readonly string[]): readonly Workload[] => {
  if (names.length === 0) return workloads;
  return names.map((name) => {
    const found = workloads.find((workload) => workload.name === name);
    if (found) return found;
    throw new Sentence(`unable to run ${name}; there is ${workloads.map((workload) => workload.name).join(", ")}`);
  });
};

const runWorkload = async (workload: Workload, options: BenchOptions): Promise<WorkloadResult> => {
  const startedAt = performance.now();
  const before = loadAverage();
  const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
  const base = { name: workload.name, what: workload.what };
  const ending = () => ({
    seconds: Math.round((performance.now() - startedAt) / 1000),
    load: [before, loadAverage()] as const,
  });
  try {
    const { notes = [], ...findings } = await workload.run({ ...options, say });
    return { ...base, ...findings, notes, failed: false, ...ending() };
  } catch (error) {
    if (!(error instanceof WrongDelivery)) throw error;
    const nothing = { figures: [], roundsKept: 0, roundsRejected: [] };
    return { ...base, ...nothing, notes: [error.message], failed: true, ...ending() };
  }
};

void runMain(main);
