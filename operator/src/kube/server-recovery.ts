import type { RequestMetrics } from "./engine-metrics.ts";

/**
 * Tells the watches of a process that the API server answers again. Each waits by itself after a failure, and after a minute
 * without a server those waits are up to a minute long (`backoff.ts`): the first call of any kind that gets through saves them
 * the rest. client-go's reflectors know nothing of each other (`tools/cache/reflector.go`).
 */
export interface ServerRecovery {
  /** Calls back with every recovery from now on, until it is disposed. The callback must not throw. */
  listen(heard: () => void): Disposable;
}

/** So many calls in a row without an answer are no accident of one of them: when they end, the server is back. */
const failuresMin = 3;

/** Hears of every call by `finished`. */
export const createServerRecovery = (): ServerRecovery & RequestMetrics => {
  const listeners = new Set<() => void>();
  let failures = 0;
  return {
    finished({ code }) {
      if (isFailure(code)) {
        failures++;
        return;
      }
      const isRecovery = failures >= failuresMin;
      failures = 0;
      if (isRecovery) for (const heard of listeners) heard();
    },
    listen(heard) {
      listeners.add(heard);
      return { [Symbol.dispose]: () => void listeners.delete(heard) };
    },
  };
};

/** No answer, or one that says that there will be none for now. A refusal (403, 404, 409, 410) is an answer. */
const isFailure = (code: string): boolean =>
  code === "<error>" || code === "401" || code === "429" || code.startsWith("5");
