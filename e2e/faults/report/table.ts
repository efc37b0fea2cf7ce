import type { Outcome } from "../rows/player.ts";
import { isKept } from "../rows/player.ts";

/** One line of the table of a run, cell by cell. */
export const columns = [
  "Row",
  "Fault",
  "Messages",
  "Shown",
  "Lost",
  "Duplicated",
  "Inverted",
  "Foreign",
  "Other",
  "Recovery, s",
  "Catch-up, s",
  "Promises kept",
] as const;

export const cellsOf = (outcome: Outcome): readonly string[] => {
  const { row } = outcome;
  if (!("result" in outcome)) return [String(row.id), row.title, ...Array.from({ length: 9 }, () => ""), "not played"];
  const { verdict, recoveriesMs } = outcome.result;
  const { counts, figures } = verdict;
  const { lost, duplicated, inverted, foreign } = counts;
  const other = verdict.violations.length - lost - duplicated - inverted - foreign;
  return [
    String(row.id),
    row.title,
    thousands(figures.acknowledged),
    thousands(figures.shown),
    ...[lost, duplicated, inverted, foreign, other].map(String),
    seconds(Math.max(0, ...recoveriesMs)),
    seconds(figures.catchUpMs),
    isKept(outcome) ? "yes" : "NO",
  ];
};

/** The table for a terminal. */
export const renderTable = (outcomes: readonly Outcome[]): string => {
  const lines = [columns, ...outcomes.map(cellsOf)];
  const widths = columns.map((_title, n) => Math.max(...lines.map((cells) => cells[n]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** What the rows measured beside the common columns, and what went wrong. */
export const remarksOf = (outcome: Outcome): readonly string[] => {
  if (!("result" in outcome)) return [`not played to its end: ${outcome.failure}`];
  const { problems, notes, recoveriesMs, tally, verdict } = outcome.result;
  const { ack, delivery, longestGapMs, unknown } = verdict.figures;
  const tries = [...tally].filter(([label]) => !/^20[01]$/.test(label)).map(([label, count]) => `${count} x ${label}`);
  return [
    ...problems.map((problem) => `DID NOT HOLD: ${problem}`),
    `${recoveriesMs.length} recoveries: ${recoveriesMs.map(seconds).join(", ")} s`,
    `acknowledged after ${spread(ack)}; shown ${spread(delivery)} after that; longest time without a whole view ${seconds(longestGapMs)} s`,
    ...(tries.length > 0 ? [`tries that did not succeed at once: ${tries.join(", ")}`] : []),
    ...(unknown > 0 ? [`${unknown} sendings of which nobody knows what became of them`] : []),
    ...[...notes].map(([name, value]) => `${name}: ${value}`),
  ];
};

const spread = ({ p50, p99, max }: { readonly p50: number; readonly p99: number; readonly max: number }): string =>
  `${p50} ms (p50), ${p99} ms (p99), ${max} ms (longest)`;

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

const thousands = (n: number): string => n.toLocaleString("en-US");
