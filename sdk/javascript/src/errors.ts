import type { ErrorBody, ErrorCode } from "./wire.ts";

/** Codes that the SDK itself raises, beside the server's `ErrorCode`. */
export type LocalErrorCode =
  /** `init`, `connect` or a call was given something that cannot work. */
  | "invalid_options"
  /** The call needs `connect()` first. */
  | "not_connected"
  /** No answer: offline, refused, or cut in the middle. */
  | "network"
  /** No answer in time. */
  | "timeout"
  /** The server refused the socket and named no code. */
  | "connect_refused"
  /** The server refused a join and named no code. */
  | "refused"
  /** `disconnect()`, another `connect()` or `leaveRoom()` came first. */
  | "aborted"
  /** `getSession` failed; its error is the `cause`. */
  | "session_unavailable"
  /** `getSession` gave something that is not a session of the connected user. */
  | "invalid_session"
  /** The answer is not JSON: something else than a gateway stands at `apiUrl`. */
  | "invalid_answer"
  /** More rooms, or more unsent messages, than the SDK keeps. */
  | "too_many_pending"
  /** The message could not be sent within a day. */
  | "expired"
  /** The message is not in the outbox: it was sent or discarded. */
  | "not_in_outbox"
  /** The file store did not take the bytes of a file. */
  | "upload_failed";

/** A code of the server or of the SDK. A newer server may send codes that this version does not know. */
export type SendsarErrorCode = ErrorCode | LocalErrorCode | (string & {});

/** One field of a request that does not fit. */
export interface FieldError {
  /** Where it is in the request, such as `parts.0.text`; empty for the request as a whole. */
  readonly path: string;
  readonly message: string;
}

/** What a `SendsarError` carries beside its message. */
export interface SendsarErrorDetails {
  readonly code: SendsarErrorCode;
  readonly reason?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly details?: readonly FieldError[] | undefined;
  readonly cause?: unknown;
}

/** Every rejection of this SDK. */
export class SendsarError extends Error {
  override readonly name = "SendsarError";
  /** Stable code to branch on. */
  readonly code: SendsarErrorCode;
  /** The bare reason without the path, fit to be shown to a person. */
  readonly reason: string;
  /** The path of the call, below the REST base, when the server answered one. */
  readonly path: string | undefined;
  /** HTTP status, when the server answered. */
  readonly status: number | undefined;
  /** The server's id of the request, to be quoted when asking for help. */
  readonly requestId: string | undefined;
  /** Milliseconds the server asked to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  /** Which fields of the request do not fit, where the server says so; else empty. */
  readonly details: readonly FieldError[];

  constructor(message: string, details: SendsarErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.reason = details.reason ?? message;
    this.path = details.path;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.details = details.details ?? [];
  }
}

/** The error of an operation of this SDK: "unable to <operation>; <reason>". */
export const unableTo = (operation: string, reason: string, details: SendsarErrorDetails): SendsarError =>
  new SendsarError(`unable to ${operation}; ${reason}`, { reason, ...details });

/** The error of an answer that is not 2xx. A body that is no error object of ours is tolerated. */
export function toRestError(
  path: string,
  answer: {
    readonly status: number;
    readonly statusText: string;
    readonly text: string;
    readonly retryAfterMs?: number | undefined;
  },
): SendsarError {
  const body = parseErrorBody(answer.text);
  const reason = textOf(body.error) ?? textOf(body.message) ?? (answer.statusText || "no explanation");
  return new SendsarError(`Sendsar ${path} failed: ${answer.status}: ${reason}`, {
    code: textOf(body.code) ?? `http_${answer.status}`,
    reason,
    path,
    status: answer.status,
    requestId: textOf(body.requestId),
    retryAfterMs: answer.retryAfterMs,
    details: Array.isArray(body.details) ? (body.details as FieldError[]) : [],
  });
}

/** An error of this SDK as it is; anything else is a defect of what was answered. */
export const toSendsarError = (operation: string, error: unknown): SendsarError =>
  error instanceof SendsarError
    ? error
    : unableTo(operation, reasonOf(error), { code: "invalid_answer", cause: error });

/** The bare reason of anything that was thrown. */
export function reasonOf(error: unknown): string {
  if (error instanceof SendsarError) return error.reason;
  return error instanceof Error ? error.message : String(error);
}

function parseErrorBody(text: string): Partial<Record<keyof ErrorBody, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // A proxy's HTML page or an empty body: the status says all there is to know.
    return {};
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
