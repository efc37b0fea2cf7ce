/** What went wrong, in the words of the report. */
export type Fault =
  | "lost"
  | "duplicated"
  | "inverted"
  | "foreign"
  | "phantom"
  | "disagreement"
  | "hole"
  | "outside membership"
  | "not caught up";

/** One breach of one rule, with what shows it. */
export interface Violation {
  /** Number of the rule, as `docs/reference/fault-report.md` lists them. */
  readonly rule: RuleNumber;
  readonly fault: Fault;
  readonly tenant: string;
  readonly room: string;
  /** Id of the message or of its sending; empty when it is about a client as a whole. */
  readonly message: string;
  readonly sentence: string;
  /** Entries and facts that show it, few and in the order of time. */
  readonly evidence: readonly object[];
}

export type RuleNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What each rule says. */
export const rules: Readonly<Record<RuleNumber, string>> = {
  1: "All clients, the REST history and the database agree on one message per place, and ids are unique.",
  2: "A message that was acknowledged before another was sent stands before it.",
  3: "An acknowledged message is in the history, and every member was shown it.",
  4: "Everything that was shown was sent, unchanged; what was refused never appears.",
  5: "There is exactly one row per clientMessageId.",
  6: "Every client's view is in the order of seq, each message once, with no hole that was not announced.",
  7: "Nobody gets a message from outside the time of their membership, or of another tenant.",
  8: "After the last fault every client soon has everything.",
};
