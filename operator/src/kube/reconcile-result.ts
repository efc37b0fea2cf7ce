/** What a reconcile wants to happen next. Nothing: the next change, or the next resync, comes by itself. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}

/** Try again after just this long; not an error that anybody needs to hear of (a conflict, something not there yet). */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly afterMs: number;

  constructor(message: string, afterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

/** Trying again does not help until somebody changes something: no retry before the next change or resync. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}
