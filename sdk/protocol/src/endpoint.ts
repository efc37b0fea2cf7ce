import type * as z from "zod";
import type { ErrorCode } from "./errors.ts";
import type { RateLimitAction } from "./rate-limits.ts";

/** Who may call: a tenant's backend with its API key, a user with a session token, or either. */
export type Auth = "apiKey" | "session" | "either";

/** One REST endpoint: the single definition that validation, types, OpenAPI and the reference page come from. */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/v1`, parameters written `:name`. */
  readonly path: string;
  readonly auth: Auth;
  /** What a call counts as for rate limits. */
  readonly action: RateLimitAction;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Bytes of the body, when it differs from `limits.bodyBytesMax`. */
  readonly bodyBytesMax?: number;
  /** Milliseconds that the work may take, when it may be more than `limits.requestMsMax`. */
  readonly msMax?: number;
  /** Success statuses, the usual one first; all carry the same body. */
  readonly statuses: readonly [number, ...number[]];
  readonly response: z.ZodType;
  /** What it can answer beyond the errors that every endpoint has. */
  readonly errors: readonly ErrorCode[];
}

/** Errors that every endpoint can answer. */
export const commonErrors = [
  "invalid_request",
  "invalid_json",
  "invalid_query",
  "ambiguous_credentials",
  "unauthorized",
  "tenant_suspended",
  "user_deactivated",
  "body_too_large",
  "unsupported_media_type",
  "idempotency_key_in_use",
  "idempotency_key_reused",
  "rate_limited",
  "internal",
  "overloaded",
  "database_unavailable",
  "shutting_down",
] as const satisfies readonly ErrorCode[];

/**
 * True for calls whose first answer is kept when they come with an `Idempotency-Key`: every POST that changes something.
 * A session token is kept nowhere, so minting one is not among them.
 */
export const keepsAnswer = ({ method, action }: Pick<Endpoint, "method" | "action">): boolean =>
  method === "POST" && action !== "read" && action !== "create-token";

/** Keeps the literal types of a definition. */
export const defineEndpoint = <const E extends Endpoint>(endpoint: E): E => endpoint;
