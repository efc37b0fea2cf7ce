export type ConditionStatus = "True" | "False" | "Unknown";

/** A word that stands in a condition, and never changes its meaning. */
export interface Reason {
  /** What the condition is with it. */
  readonly status: readonly [ConditionStatus, ...ConditionStatus[]];
  /** What it tells: a sentence. */
  readonly meaning: string;
  /** What to do about it: a sentence. */
  readonly advice: string;
}

export type Reasons = Readonly<Record<string, Reason>>;

/** What a condition is about, and all it may say. */
export interface ConditionDocs {
  /** What is so when it is True: a sentence. */
  readonly meaning: string;
  readonly reasons: Reasons;
}

/** Of most reasons that nobody has to do anything about. */
export const nothingToDo = "Nothing is to be done.";
