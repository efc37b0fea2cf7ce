import { parseArgs } from "node:util";

/** What the reader asked for. */
export interface BenchOptions {
  /** Names of workloads; empty means all. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly acceptNoise: boolean;
  /** Write the report into the repository. */
  readonly save: boolean;
  readonly help: boolean;
}

export const usage = `Usage: npm run bench -- [options]

  --only <names>     workloads, by commas; default all
  --rounds <n>       rounds that must count, for each workload; default 5
  --seconds <n>      length of one turn; default 2
  --quick            smaller worlds, 1 round of 1 s: is everything in order?
  --accept-noise     keep rounds in which others used the machine; the report says so
  --no-save          only print

It measures ratios on this machine; run it while nothing else works here.
`;

/** Reads the command line. Throws a sentence for what it does not understand. */
export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      quick: { type: "boolean", default: false },
      "accept-noise": { type: "boolean", default: false },
      "no-save": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    only: values.only?.split(",") ?? [],
    rounds: readNumber("rounds", values.rounds, values.quick ? 1 : 5),
    seconds: readNumber("seconds", values.seconds, values.quick ? 1 : 2),
    quick: values.quick,
    acceptNoise: values["accept-noise"],
    save: !values["no-save"],
    help: values.help,
  };
};

const readNumber = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!(value > 0 && value <= 100)) throw new Error(`unable to read --${name}; it must be a number from 1 to 100`);
  return value;
};
