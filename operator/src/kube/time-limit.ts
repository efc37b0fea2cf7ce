import type { Clock } from "./clock.ts";

/** What took longer than it may. */
export class TimeLimitExceeded extends Error {
  override readonly name = "TimeLimitExceeded";
}

/**
 * Runs work with a signal that is aborted after so many milliseconds, or with the signal above it. Resolves and rejects
 * with the work itself, which is never left behind; when it fails after the limit, with `TimeLimitExceeded`.
 */
export const withTimeLimit = async <T>(
  clock: Clock,
  ms: number,
  above: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const limit = new AbortController();
  const done = new AbortController();
  // Not AbortSignal.any: every work that ends must leave nothing behind on a signal that lives as long as the process.
  const stop = (): void => limit.abort(above?.reason);
  if (above?.aborted) stop();
  else above?.addEventListener("abort", stop, { once: true });
  let exceeded: TimeLimitExceeded | undefined;
  clock.sleep(ms, done.signal).then(
    () => {
      exceeded = new TimeLimitExceeded(`unable to finish; it took longer than ${ms} ms`);
      limit.abort(exceeded);
    },
    () => undefined,
  );
  try {
    return await work(limit.signal);
  } catch (error) {
    throw exceeded && error !== exceeded ? new TimeLimitExceeded(exceeded.message, { cause: error }) : error;
  } finally {
    done.abort();
    above?.removeEventListener("abort", stop);
  }
};

/**
 * Waits for work for so many milliseconds or until the signal is aborted, and then rejects and leaves it behind: whatever
 * becomes of it is heard of by nobody.
 */
export const leaveAfter = async <T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  work: Promise<T>,
): Promise<T> => {
  const done = new AbortController();
  const stop = (): void => done.abort(signal?.reason);
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  const limit = clock.sleep(ms, done.signal).then(() => {
    throw new TimeLimitExceeded(`unable to finish; it took longer than ${ms} ms`);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    done.abort();
    signal?.removeEventListener("abort", stop);
    limit.catch(() => undefined);
  }
};
