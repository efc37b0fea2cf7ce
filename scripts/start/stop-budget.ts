/** Shares out the time that stopping may take, so that one slow part leaves the others less. */
export interface StopBudget {
  /** How long the next part may take: what is left, at most `limitMs`, and always a moment. */
  take(limitMs: number): number;
}

// Five seconds is what a person waits after Ctrl-C, less what ending the process itself takes.
const totalMs = 4500;
const momentMs = 300;

/** The clock starts at the first part. */
export const createStopBudget = (): StopBudget => {
  let endsAt: number | undefined;
  return {
    take(limitMs) {
      endsAt ??= performance.now() + totalMs;
      return Math.max(momentMs, Math.min(limitMs, endsAt - performance.now()));
    },
  };
};
