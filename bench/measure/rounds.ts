import { sumOf } from "./statistics.ts";
import { watchForeign } from "./foreign.ts";

/** What one subject did in one turn, or in all turns of a round together. */
export interface Sample {
  /** Messages, deliveries, rows, connections: whatever the workload counts. */
  readonly units: number;
  readonly wallMs: number;
  /** CPU of the subject's own processes: gateways, or a floor program. */
  readonly cpuMicros: number;
  /** CPU of Postgres. */
  readonly postgresMicros: number;
  /** More numbers of the workload, by name; summed over a round's turns. */
  readonly extra?: Readonly<Record<string, number>>;
}

/** One of the systems that are compared. */
export interface Subject {
  readonly name: string;
  /** One turn. Throws when what it measured must not be reported. */
  readonly turn: () => Promise<Sample>;
}

/** One sample of each subject, taken within seconds of each other. */
export type Round = ReadonlyMap<string, Sample>;

export interface RoundsOptions {
  /** The first is the floor: it is measured first and last, and by how much it moved tells how quiet the round was. */
  readonly subjects: readonly Subject[];
  readonly rounds: number;
  /** CPU of all that belongs to the benchmark. */
  readonly ownMicros: () => number;
  /** Keep rounds in which others used the machine; the report says so. */
  readonly acceptNoise: boolean;
  /** Does a floor that moves make a round worthless? Not where it is so little work that it moves by chance. */
  readonly watchFloor?: boolean;
  readonly say?: (text: string) => void;
}

export interface RoundsResult {
  readonly kept: readonly Round[];
  /** Why the other rounds do not count. */
  readonly rejected: readonly string[];
}

/** Share of the machine that others may use in a round. */
export const foreignShareMax = 0.1;
/** By how much the floor's CPU per unit may differ between the two ends of a round. */
export const floorMoveMax = 0.25;
/** Rounds in all, for each round that is wanted. */
const attemptsPerRound = 1.6;

/**
 * Runs rounds of A B C C B A: neighbours in time share whatever else the machine does, and each subject is once early
 * and once late. Figures are ratios within a round; a round that was not quiet is rejected, counted and tried again, up
 * to a bound.
 */
export const runRounds = async (options: RoundsOptions): Promise<RoundsResult> => {
  const { subjects, rounds, ownMicros, acceptNoise, watchFloor = true, say } = options;
  const kept: Round[] = [];
  const rejected: string[] = [];
  const [floor] = subjects;
  if (!floor) throw new Error("unable to run rounds; there are no subjects");
  for (let attempt = 0; kept.length < rounds && attempt < rounds * attemptsPerRound; attempt++) {
    const watch = watchForeign(ownMicros);
    const turns: { readonly name: string; readonly sample: Sample }[] = [];
    for (const { name, turn } of [...subjects, ...subjects.toReversed()]) turns.push({ name, sample: await turn() });
    const problem = problemOf(watchFloor ? floor.name : undefined, turns, watch.share());
    if (problem === undefined || acceptNoise) kept.push(merge(turns));
    if (problem !== undefined) rejected.push(problem);
    say?.(`${kept.length} of ${rounds} rounds${problem === undefined ? "" : `; ${problem}`}`);
  }
  return { kept, rejected };
};

type Turns = readonly { readonly name: string; readonly sample: Sample }[];

/** Why a round does not count; undefined when it does. */
const problemOf = (floor: string | undefined, turns: Turns, foreignShare: number): string | undefined => {
  if (foreignShare > foreignShareMax) return `others used ${Math.round(foreignShare * 100)} % of the machine`;
  const [first, last] = turns.filter(({ name }) => name === floor).map(({ sample }) => microsPerUnit(sample));
  if (first === undefined || last === undefined) return undefined;
  const moved = Math.max(first, last) / Math.min(first, last) - 1;
  return moved > floorMoveMax ? `the floor moved by ${Math.round(moved * 100)} %` : undefined;
};

/** CPU of everything, per unit. */
export const microsPerUnit = ({ cpuMicros, postgresMicros, units }: Sample): number =>
  (cpuMicros + postgresMicros) / units;

const merge = (turns: Turns): Round =>
  new Map(
    [...Map.groupBy(turns, ({ name }) => name)].map(([name, some]) => [name, addUp(some.map(({ sample }) => sample))]),
  );

const addUp = (samples: readonly Sample[]): Sample => {
  const extra: Record<string, number> = {};
  for (const sample of samples) {
    for (const [key, value] of Object.entries(sample.extra ?? {})) extra[key] = (extra[key] ?? 0) + value;
  }
  return {
    units: sumOf(samples, ({ units }) => units),
    wallMs: sumOf(samples, ({ wallMs }) => wallMs),
    cpuMicros: sumOf(samples, ({ cpuMicros }) => cpuMicros),
    postgresMicros: sumOf(samples, ({ postgresMicros }) => postgresMicros),
    extra,
  };
};
