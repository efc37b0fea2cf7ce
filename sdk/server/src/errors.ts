import type { ErrorBody, ErrorCode } from "./wire.ts";

/** Codes that the SDK itself raises, beside the server's `ErrorCode`. */
export type LocalErrorCode =
  /** Something was given that cannot work: an option, an id, a secret. Nothing was sent. */
  | "invalid_options"
  /** No answer: refused, cut in the middle, or a name that does not resolve. */
  | "network"
  /** No answer in time. */
  | "timeout"
  /** A signal that was given ended the call. */
  | "aborted"
  /** The answer is not JSON, or makes no sense: something else than a gateway stands at `apiUrl`. */
  | "invalid_answer"
  /** The room that has the `externalId` is not one of the people or the kind asked for. */
  | "room_mismatch"
  /** A webhook without the headers that prove where it comes from. */
  | "webhook_unsigned"
  /** A webhook that was signed too long ago, or in the future. */
  | "webhook_expired"
  /** A webhook that none of the secrets signed. */
  | "webhook_forged"
  /** A webhook that is signed and is no JSON object. */
  | "webhook_invalid";

/** A code of the server or of the SDK. A newer server may send codes that this version does not know. */
export type SendsarErrorCode = ErrorCode | LocalErrorCode | (string & {});

/** Which field of a request does not fit, and why. */
export type ErrorDetail = NonNullable<ErrorBody["details"]>[number];

/** What a `SendsarError` carries beside its message. */
export interface SendsarErrorFields {
  readonly code: SendsarErrorCode;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly details?: readonly ErrorDetail[] | undefined;
}

/**
 * Every rejection of this SDK. It never holds the API key; that is why it has no `cause`: what `fetch` throws may hold
 * the request.
 */
export class SendsarError extends Error {
  override readonly name = "SendsarError";
  /** Stable code to branch on. */
  readonly code: SendsarErrorCode;
  /** The bare reason, without what was called and what was answered. */
  readonly reason: string;
  /** HTTP status, when the server answered. */
  readonly status: number | undefined;
  /** The server's id of the request, to be quoted when asking for help. */
  readonly requestId: string | undefined;
  /** Milliseconds the server asked to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  /** Which fields do not fit, for `invalid_request` and its like. */
  readonly details: readonly ErrorDetail[] | undefined;

  constructor(operation: string, reason: string, fields: SendsarErrorFields) {
    super(`unable to ${operation}; ${answered(fields)}${reason}${quoted(fields)}`);
    this.code = fields.code;
    this.reason = reason;
    this.status = fields.status;
    this.requestId = fields.requestId;
    this.retryAfterMs = fields.retryAfterMs;
    this.details = fields.details;
  }
}

/** "404 user_not_found: ", when a server answered. */
const answered = ({ status, code }: SendsarErrorFields): string => {
  if (status === undefined) return "";
  return code === `http_${status}` ? `${status}: ` : `${status} ${code}: `;
};

const quoted = ({ requestId }: SendsarErrorFields): string =>
  requestId === undefined ? "" : ` (request ${requestId})`;

/** The error of something that was given and cannot work. */
export const invalidOptions = (operation: string, reason: string): SendsarError =>
  new SendsarError(operation, reason, { code: "invalid_options" });

/** True if the same call may well succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof SendsarError)) return false;
  if (error.code === "idempotency_key_in_use") return true;
  return error.status === undefined ? transientCodes.has(error.code) : transientStatuses.has(error.status);
}

/** 502 and 504 come from a proxy whose gateway went away: as good as no answer. */
const transientStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const transientCodes: ReadonlySet<string> = new Set(["network", "timeout"]);
