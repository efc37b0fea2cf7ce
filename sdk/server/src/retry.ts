import type { Deps } from "./deps.ts";
import { SendsarError, isTransient } from "./errors.ts";
import { throwIfAborted } from "./exchange.ts";
import type { Limits } from "./options.ts";

/** What is tried, and how often. */
export interface Retrying extends Pick<Limits, "retriesMax" | "retryMsMax"> {
  readonly operation: string;
  readonly signals: readonly AbortSignal[];
}

/**
 * Runs `attempt` until it succeeds, fails for good, or the retries or their time are used up; then rejects with the last
 * error. Only for what may safely happen twice. A server that asks to wait is never asked before that.
 */
export async function withRetries<T>(
  deps: Pick<Deps, "now" | "random" | "wait">,
  { operation, signals, retriesMax, retryMsMax }: Retrying,
  attempt: () => Promise<T>,
): Promise<T> {
  const lastStartMs = deps.now() + retryMsMax;
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt();
    } catch (error) {
      const delayMs = retryDelayMs(error, retry, deps.random);
      if (retry >= retriesMax || !isTransient(error) || deps.now() + delayMs > lastStartMs) throw error;
      await waitUnlessAborted(deps, delayMs, operation, signals);
    }
  }
}

/** Milliseconds of a `Retry-After` header, given in seconds or as a date; undefined if it says nothing of the kind. */
export function parseRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const seconds = Number(header);
  const delayMs = Number.isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1000;
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}

const delayMsBase = 250;
const delayMsMax = 4000;

/**
 * Doubles, times 0.5 to 1.5, so that servers which failed together do not come back together; on top of what the server
 * asked for, whose clients would otherwise all come at the same moment too.
 */
function retryDelayMs(error: unknown, retry: number, random: () => number): number {
  const backoffMs = Math.min(delayMsMax, delayMsBase * 2 ** retry) * (0.5 + random());
  const askedMs = error instanceof SendsarError ? error.retryAfterMs : undefined;
  return askedMs === undefined ? backoffMs : askedMs + random() * delayMsBase;
}

async function waitUnlessAborted(
  { wait }: Pick<Deps, "wait">,
  delayMs: number,
  operation: string,
  signals: readonly AbortSignal[],
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  throwIfAborted(operation, signals);
  for (const signal of signals) signal.addEventListener("abort", stop, { once: true });
  try {
    await wait(delayMs, controller.signal);
  } catch (error) {
    throwIfAborted(operation, signals);
    throw error;
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", stop);
  }
}
