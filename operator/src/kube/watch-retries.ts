import { createBackoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { ServerRecovery } from "./server-recovery.ts";

/**
 * When a watch tries again: as its back-off says, and never before what `Retry-After` asked for. When the API server is found to
 * answer again, by whatever call, the wait ends early and the back-off begins anew. Of a server that answers now and then, only
 * one recovery in `renewMsMin` counts, and two tries are a second apart.
 */
export interface WatchRetries extends Disposable {
  /** Waits until the next try after this failure; undefined for a watch that ended too soon. Rejects when aborted. */
  wait(failure: unknown, signal: AbortSignal): Promise<void>;
}

/** At most so often a recovery takes a back-off back to its beginning. */
const renewMsMin = 10_000;
/** Between two tries of a watch, when the second comes early. */
const spacingMs = 1000;
/** Those that hear of a recovery come within this, each at its own moment. */
const spreadMs = 1000;

export const createWatchRetries = (clock: Clock, recovery: ServerRecovery): WatchRetries => {
  const backoff = createBackoff({ clock });
  let renewedAt = Number.NEGATIVE_INFINITY;
  let wake: (() => void) | undefined;
  const listening = recovery.listen(() => {
    if (clock.now() - renewedAt < renewMsMin) return;
    renewedAt = clock.now();
    backoff.reset();
    wake?.();
  });

  /** Answers whether it ended early. */
  const sleep = async (ms: number, signal: AbortSignal): Promise<boolean> => {
    const end = new AbortController();
    const stop = (): void => end.abort(signal.reason);
    let isEarly = false;
    wake = () => {
      isEarly = true;
      end.abort(new Error("the API server answers again"));
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      await clock.sleep(ms, end.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isEarly) throw error;
    } finally {
      wake = undefined;
      signal.removeEventListener("abort", stop);
    }
    return isEarly;
  };

  return {
    async wait(failure, signal) {
      const retryAfterMs = failure instanceof KubeError ? (failure.retryAfterMs ?? 0) : 0;
      const startedAt = clock.now();
      const ms = Math.max(backoff.next(), retryAfterMs);
      if (!(await sleep(ms, signal))) return;
      const earliest = Math.max(clock.now(), startedAt + Math.max(spacingMs, retryAfterMs));
      await clock.sleep(Math.min(earliest + spreadMs * clock.random(), startedAt + ms) - clock.now(), signal);
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
};
