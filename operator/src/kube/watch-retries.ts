import { createBackoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { ServerRecovery } from "./server-recovery.ts";

/**
 * When a watch tries again: as its back-off says, and never before what `Retry-After` asked for. When another watch of the
 * process finds that the server answers again, the wait ends early and the back-off begins anew. A server that answers now
 * and then does not make it faster than that: only one recovery in `renewMsMin` counts, and two tries are a second apart.
 */
export interface WatchRetries {
  /** The server has answered with what was asked for, or has said that only a list can (410). */
  answered(): void;
  /** The server did not answer, or answered with an error. */
  failed(): void;
  /** Waits until the next try after this failure; undefined for a watch that ended too soon. Rejects when aborted. */
  wait(failure: unknown, signal: AbortSignal): Promise<void>;
}

/** At most so often a recovery takes a back-off back to its beginning. */
const renewMsMin = 30_000;
/** Between two tries of a watch, when the second comes early. */
const spacingMs = 1000;
/** Those that hear of a recovery come within this, each at its own moment. */
const spreadMs = 1000;

export const createWatchRetries = (clock: Clock, recovery: ServerRecovery): WatchRetries => {
  const backoff = createBackoff({ clock });
  let isFailing = false;
  let renewedAt = Number.NEGATIVE_INFINITY;

  /** Answers whether it counts. */
  const renew = (): boolean => {
    if (clock.now() - renewedAt < renewMsMin) return false;
    renewedAt = clock.now();
    backoff.reset();
    return true;
  };

  /** Answers whether it ended early. */
  const sleep = async (ms: number, signal: AbortSignal): Promise<boolean> => {
    const end = new AbortController();
    const stop = (): void => end.abort(signal.reason);
    let isEarly = false;
    using _ = recovery.listen(() => {
      if (isEarly || !renew()) return;
      isEarly = true;
      end.abort(new Error("the API server answers again"));
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      await clock.sleep(ms, end.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isEarly) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    return isEarly;
  };

  return {
    answered() {
      if (!isFailing) return;
      isFailing = false;
      renew();
      recovery.announce();
    },
    failed() {
      isFailing = true;
    },
    async wait(failure, signal) {
      const retryAfterMs = failure instanceof KubeError ? (failure.retryAfterMs ?? 0) : 0;
      const startedAt = clock.now();
      const ms = Math.max(backoff.next(), retryAfterMs);
      if (!(await sleep(ms, signal))) return;
      const earliest = Math.max(clock.now(), startedAt + Math.max(spacingMs, retryAfterMs));
      await clock.sleep(Math.min(earliest + spreadMs * clock.random(), startedAt + ms) - clock.now(), signal);
    },
  };
};
