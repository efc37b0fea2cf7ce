import type { Round, Sample } from "../measure/rounds.ts";
import { median } from "../measure/statistics.ts";
import type { Figure, Target } from "./result.ts";

/** Makes one figure of a value of each round. */
export const figure = (what: string, unit: string, values: readonly number[], target?: Target): Figure => ({
  what,
  unit,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  ...(target && { target }),
});

/** One figure over rounds; none when no round counts. */
export const overRounds = (
  rounds: readonly Round[],
  what: string,
  unit: string,
  value: (sample: (subject: string) => Sample) => number,
  target?: Target,
): readonly Figure[] =>
  rounds.length === 0
    ? []
    : [
        figure(
          what,
          unit,
          rounds.map((round) => value((name) => requireSample(round, name))),
          target,
        ),
      ];

/** Units per second by the clock. */
export const perSecond = ({ units, wallMs }: Sample): number => (units * 1000) / wallMs;

/** CPU of the subject's own processes per unit, in microseconds. */
export const cpuPerUnit = ({ cpuMicros, units }: Sample): number => cpuMicros / units;

/** CPU of Postgres per unit, in microseconds. */
export const postgresPerUnit = ({ postgresMicros, units }: Sample): number => postgresMicros / units;

/** Units for each second of CPU of everything, Postgres included. */
export const perCpuSecond = ({ cpuMicros, postgresMicros, units }: Sample): number =>
  (units * 1e6) / (cpuMicros + postgresMicros);

const requireSample = (round: Round, name: string): Sample => {
  const sample = round.get(name);
  if (!sample) throw new Error(`unable to make a figure; the round has no ${name}`);
  return sample;
};
