import type { Deps } from "./deps.ts";
import { SendsarError } from "./errors.ts";
import { type Backoff, backoffMs, wait } from "./timing.ts";

/** How often and how long a call is tried. */
export interface RetryPolicy extends Backoff {
  readonly attemptsMax: number;
  /** No try starts later than this after the first one. */
  readonly elapsedMsMax: number;
}

/** For everything a person waits for. */
export const readPolicy: RetryPolicy = { attemptsMax: 3, elapsedMsMax: 10_000, baseMs: 250, maxMs: 2000 };

/**
 * Runs `operation` until it succeeds, fails for good, or the policy is used up; then rejects with the last error. After
 * an error that `mayPass` it is run again, so it must be safe to happen twice after such an error.
 */
export async function withRetry<T>(
  deps: Pick<Deps, "now" | "random" | "setTimer">,
  policy: RetryPolicy,
  signal: AbortSignal,
  operation: () => Promise<T>,
  mayPass: (error: unknown) => boolean = isTransient,
): Promise<T> {
  const lastStartMs = deps.now() + policy.elapsedMsMax;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const delayMs = Math.max(backoffMs(policy, attempt, deps.random), retryAfterMs(error));
      const isLast = attempt + 1 >= policy.attemptsMax || deps.now() + delayMs > lastStartMs;
      if (isLast || !mayPass(error)) throw error;
      await wait(deps, delayMs, signal);
    }
  }
}

/** True if the same call may well succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof SendsarError)) return false;
  if (error.code === "session_unavailable") return error.status !== 401 && error.status !== 403;
  if (error.status !== undefined) return transientStatuses.has(error.status) || error.code === "idempotency_key_in_use";
  return transientCodes.has(error.code);
}

/** True if the server has refused the call before it did anything, and may well take it a little later. */
export const isPutOff = (error: unknown): boolean => error instanceof SendsarError && error.status === 429;

/** Milliseconds of a `Retry-After` header, given in seconds or as a date. */
export function parseRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const delayMs = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}

/** 502 and 504 come from a proxy whose gateway went away: as good as no answer. */
const transientStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The codes without a status: no answer at all, or a socket that was refused for the moment. */
const transientCodes: ReadonlySet<string> = new Set([
  "network",
  "timeout",
  "rate_limited",
  "overloaded",
  "database_unavailable",
  "shutting_down",
  "internal",
]);

const retryAfterMs = (error: unknown): number => (error instanceof SendsarError ? (error.retryAfterMs ?? 0) : 0);
