import { KubeError, KubeUnreachable } from "./kube-error.ts";
import { RetryLater, TerminalError } from "./reconcile-result.ts";

/** What follows from an error of a reconcile. A quiet one is nobody's fault: neither an event nor an error line. */
export type ErrorClass =
  | { readonly kind: "retry-after"; readonly afterMs: number; readonly quiet: boolean }
  | { readonly kind: "terminal"; readonly quiet: boolean }
  | { readonly kind: "rate-limited"; readonly quiet: false }
  /** A mistake of the program. Tried again like any other, but counted: it is not the cluster's fault. */
  | { readonly kind: "panic"; readonly quiet: false };

/** The cache is behind what somebody else has just written; it catches up within this. */
const conflictMs = 1000;

/**
 * Finds the class of an error, through its causes. Of the errors of independent stages (`AggregateError`) one that wants
 * the rate limiter decides, else the soonest retry; terminal only when all are.
 */
export const classifyError = (error: unknown): ErrorClass => {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof AggregateError && at.errors.length > 0) return joinClasses(at.errors.map(classifyError));
    if (at instanceof RetryLater) return { kind: "retry-after", afterMs: at.afterMs, quiet: true };
    if (at instanceof TerminalError) return { kind: "terminal", quiet: false };
    if (at instanceof KubeError) return classifyAnswer(at);
    if (at instanceof KubeUnreachable) return { kind: "rate-limited", quiet: false };
  }
  const isMistake = !(error instanceof Error) || mistakes.some((mistake) => error instanceof mistake);
  return { kind: isMistake ? "panic" : "rate-limited", quiet: false };
};

const mistakes = [TypeError, RangeError, ReferenceError, SyntaxError];

const classifyAnswer = (error: KubeError): ErrorClass => {
  // Nothing can be made there any more, and trying would only be answered so again (pitfall 26).
  if (error.namespaceTerminating) return { kind: "terminal", quiet: true };
  if (error.status === 409) return { kind: "retry-after", afterMs: conflictMs, quiet: true };
  if (error.retryAfterMs !== undefined) return { kind: "retry-after", afterMs: error.retryAfterMs, quiet: false };
  return { kind: "rate-limited", quiet: false };
};

const joinClasses = (classes: readonly ErrorClass[]): ErrorClass => {
  const panic = classes.find(({ kind }) => kind === "panic");
  const limited = classes.find(({ kind }) => kind === "rate-limited");
  if (panic ?? limited) return panic ?? limited ?? { kind: "rate-limited", quiet: false };
  const retries = classes.filter((one) => one.kind === "retry-after");
  const quiet = classes.every((one) => one.quiet);
  if (retries.length === 0) return { kind: "terminal", quiet };
  return { kind: "retry-after", afterMs: Math.min(...retries.map(({ afterMs }) => afterMs)), quiet };
};
