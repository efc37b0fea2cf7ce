import type { Facts } from "./facts.ts";
import { gatherFacts } from "./facts.ts";
import type { Figures } from "./figures.ts";
import { measure } from "./figures.ts";
import type { History } from "./history.ts";
import { checkAgreement } from "./rules/agreement.ts";
import { checkAppendOrder } from "./rules/append-order.ts";
import { checkCatchUp } from "./rules/catch-up.ts";
import { checkLoss } from "./rules/loss.ts";
import { checkMembership } from "./rules/membership.ts";
import { checkOneRow } from "./rules/one-row.ts";
import { checkPhantoms } from "./rules/phantoms.ts";
import { checkViewOrder } from "./rules/view-order.ts";
import type { Fault, Violation } from "./violation.ts";

/** What the checker has to say about a run. */
export interface Verdict {
  /** Every breach, rule by rule; empty for a run in which all promises were kept. */
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<Fault, number>>;
  readonly figures: Figures;
}

type Rule = (facts: Facts) => Iterable<Violation>;

const inOrder: readonly Rule[] = [
  checkAgreement,
  checkAppendOrder,
  checkLoss,
  checkPhantoms,
  checkOneRow,
  checkViewOrder,
  checkMembership,
  checkCatchUp,
];

/** Judges a history by every rule. Pure, and linear in the size of the history. */
export const checkHistory = (history: History): Verdict => {
  const facts = gatherFacts(history);
  const violations = inOrder.flatMap((rule) => [...rule(facts)]);
  const counts: Record<Fault, number> = {
    lost: 0,
    duplicated: 0,
    inverted: 0,
    foreign: 0,
    phantom: 0,
    disagreement: 0,
    hole: 0,
    "outside membership": 0,
    "not caught up": 0,
  };
  for (const { fault } of violations) counts[fault]++;
  return { violations, counts, figures: measure(facts) };
};
