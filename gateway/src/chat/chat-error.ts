import type { ErrorCode } from "@sendsar/protocol/errors";
import { errors } from "@sendsar/protocol/errors";

/** A refusal with a code of the contract; whoever asked gets its status and sentence, over REST or the socket. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  /** Which fields do not fit, for `invalid_request`. */
  readonly details: readonly { readonly path: string; readonly message: string }[] | undefined;
  /** Milliseconds after which another try may succeed, where that is known. */
  readonly retryMs: number | undefined;

  constructor(
    code: ErrorCode,
    options: {
      readonly details?: ChatError["details"];
      readonly retryMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(errors[code].sentence, { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryMs = options.retryMs;
  }
}
