import type { BenchResult, Figure, WorkloadResult } from "./result.ts";
import { isMet, worstOf } from "./result.ts";

/** The report as Markdown: one table for each workload, and what to know about it. */
export const toMarkdown = (result: BenchResult): string =>
  [headOf(result), ...result.workloads.map(sectionOf)].join("\n\n");

const headOf = ({ date, command, commit, machine, acceptedNoise }: BenchResult): string =>
  [
    `Measured ${date} UTC at commit ${commit}, by "${command}".`,
    "",
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    ...(acceptedNoise ? ["- **Rounds in which others used the machine were kept: take no figure from here.**"] : []),
  ].join("\n");

const sectionOf = (result: WorkloadResult): string => {
  const { name, what, figures, roundsKept, roundsRejected, notes, load, failed } = result;
  const lines = [`### ${name}`, "", `${what}.`, ""];
  if (failed) lines.push("**Delivery was wrong, so there are no figures.**", "");
  if (figures.length > 0) {
    lines.push("| | median | worst | target | |", "| --- | ---: | ---: | ---: | --- |", ...figures.map(rowOf), "");
  }
  lines.push(
    `${roundsKept} rounds count, ${roundsRejected.length} were rejected${reasons(roundsRejected)}. Load average ${load[0]} before, ${load[1]} after.`,
    ...notes.flatMap((note) => ["", note]),
  );
  return lines.join("\n");
};

const rowOf = (figure: Figure): string => {
  const { what, unit, median, target } = figure;
  const worst = worstOf(figure);
  const met = isMet(figure);
  const cells = [
    what,
    amount(median, unit),
    worst === undefined ? `${amount(figure.min, unit)} – ${amount(figure.max, unit)}` : amount(worst, unit),
    target?.atMost === undefined
      ? target?.atLeast === undefined
        ? ""
        : `≥ ${amount(target.atLeast, unit)}`
      : `≤ ${amount(target.atMost, unit)}`,
    met === undefined ? "" : met ? "met" : "**missed**",
  ];
  return `| ${cells.join(" | ")} |`;
};

/** A value with its unit, in as many digits as mean something. */
export const amount = (value: number, unit: string): string => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = Number.isInteger(value)
    ? value.toLocaleString("en")
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === "" ? text : unit === "x" ? `${text}x` : `${text} ${unit}`;
};

const reasons = (rejected: readonly string[]): string => (rejected.length === 0 ? "" : ` (${rejected.join("; ")})`);
