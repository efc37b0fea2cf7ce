import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  /** How long to wait at most. */
  readonly limitMs: number;
  /** How long to wait between two looks. Default 25 ms. */
  readonly everyMs?: number;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Looks until `condition` holds. Answers false if it still does not after `limitMs`. */
export const waitUntil = async (
  condition: () => boolean | Promise<boolean>,
  { limitMs, everyMs = 25, signal }: WaitOptions,
): Promise<boolean> => {
  const deadline = performance.now() + limitMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(everyMs, undefined, signal ? { signal } : {});
  }
};

/** True if the promise settles within `limitMs`. The promise itself goes on. */
export const settlesWithin = async (promise: Promise<unknown>, limitMs: number): Promise<boolean> => {
  const timer = new AbortController();
  const late = delay(limitMs, false, { signal: timer.signal }).catch(() => false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer.abort();
  }
};
