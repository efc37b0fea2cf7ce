import { setTimeout as wait } from "node:timers/promises";
import { isTransient } from "./store-error.ts";

export interface WaitForDatabaseOptions {
  /** Ends the waiting; then it throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Told of every try that failed and will be repeated. */
  readonly onWaiting: (error: unknown) => void;
}

/**
 * Makes the first use of a database that may be away just now, as when both are started together: tries again for
 * `startMsMax`, then throws the last error. What will not pass by itself (a wrong password, another schema) is thrown at
 * once.
 */
export const waitForDatabase = async (
  use: () => Promise<void>,
  { signal, onWaiting }: WaitForDatabaseOptions,
): Promise<void> => {
  const deadline = performance.now() + startMsMax;
  for (let delayMs = delayMsMin; ; delayMs = Math.min(delayMsMax, delayMs * 2)) {
    signal.throwIfAborted();
    try {
      return await use();
    } catch (error) {
      if (!isTransient(error) || performance.now() + delayMs > deadline) throw error;
      onWaiting(error);
    }
    await wait(delayMs, undefined, { signal });
  }
};

const startMsMax = 60_000;
const delayMsMin = 100;
const delayMsMax = 2000;
