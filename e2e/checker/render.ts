import type { Verdict } from "./check-history.ts";
import type { Fault, Violation } from "./violation.ts";
import { rules } from "./violation.ts";

/** The verdict for a person: per kind of fault how many, and the first few with what shows them. */
export const renderVerdict = ({ violations, figures }: Verdict, shownPerFault = 3): string => {
  const { sent, acknowledged, unknown, refused, shown } = figures;
  const run = `${sent} sent: ${acknowledged} acknowledged, ${unknown} unknown, ${refused} refused; shown ${shown} times`;
  if (violations.length === 0) return `${run}\nno violation`;
  const byFault = Map.groupBy(violations, ({ rule, fault }) => `${rule}/${fault}`);
  return [run, ...[...byFault.values()].map((same) => renderSame(same, shownPerFault))].join("\n\n");
};

const renderSame = (same: readonly Violation[], shownMax: number): string => {
  const { rule, fault } = same[0] as { rule: Violation["rule"]; fault: Fault };
  const title = `${same.length} x ${fault} (rule ${rule}: ${rules[rule]})`;
  const rest = same.length > shownMax ? [`  and ${same.length - shownMax} more`] : [];
  return [title, ...same.slice(0, shownMax).map(renderOne), ...rest].join("\n");
};

const renderOne = ({ tenant, room, message, sentence, evidence }: Violation): string =>
  [
    `  ${tenant}, room ${room}${message === "" ? "" : `, message ${message}`}: ${sentence}`,
    ...evidence.map((fact) => `    ${JSON.stringify(fact).slice(0, evidenceCharsMax)}`),
  ].join("\n");

const evidenceCharsMax = 300;
