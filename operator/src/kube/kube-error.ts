/** The API server answered, and not with success. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly status: number;
  /** `Conflict`, `AlreadyExists`, `NotFound`, `Forbidden`, `Expired` …; empty when the answer was no Status. */
  readonly reason: string;
  /** What `Retry-After` asked for. */
  readonly retryAfterMs: number | undefined;
  /** The namespace is going away: nothing can be made in it any more. */
  readonly namespaceTerminating: boolean;

  constructor(
    message: string,
    answer: {
      readonly status: number;
      readonly reason?: string;
      readonly retryAfterMs?: number;
      readonly namespaceTerminating?: boolean;
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = answer.status;
    this.reason = answer.reason ?? "";
    this.retryAfterMs = answer.retryAfterMs;
    this.namespaceTerminating = answer.namespaceTerminating ?? false;
  }
}

/** The API server did not answer, or not in time. */
export class KubeUnreachable extends Error {
  override readonly name = "KubeUnreachable";
}
