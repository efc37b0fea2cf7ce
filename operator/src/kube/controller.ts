import type { Clock } from "./clock.ts";
import type { ControllerMetrics } from "./engine-metrics.ts";
import type { ErrorClass } from "./error-class.ts";
import { classifyError } from "./error-class.ts";
import type { ReconcileResult } from "./reconcile-result.ts";
import { TimeLimitExceeded, withTimeLimit } from "./time-limit.ts";
import type { Priority } from "./priority.ts";
import type { WorkItem, WorkQueue } from "./work-queue.ts";

export interface ControllerOptions {
  readonly clock: Clock;
  readonly queue: WorkQueue;
  /**
   * Makes the world of a key as it should be. The signal is aborted when the time limit has passed or the controller
   * stops; a reconcile that does not heed it keeps its worker, for two workers on one key would be worse.
   */
  readonly reconcile: (key: string, signal: AbortSignal, priority: Priority) => Promise<ReconcileResult>;
  /** All keys there are, for the resync: what has no watch (a database) is looked at again only by it. */
  readonly keys: () => Iterable<string>;
  readonly metrics?: ControllerMetrics;
  /** Every reconcile that failed, with what follows from it. Must not throw. */
  readonly onError?: (key: string, error: unknown, errorClass: ErrorClass) => void;
  /** Reconciles at a time; beside them as many again as `expressWorkers`, which are kept for keys of high priority. */
  readonly workers?: number;
  readonly expressWorkers?: number;
  readonly timeLimitMs?: number;
  /** Milliseconds between resyncs, ± 10 %. */
  readonly resyncMs?: number;
}

/**
 * Works off a queue until the signal is aborted (controller-runtime, `pkg/internal/controller/controller.go`). Resolves
 * when no reconcile runs any more; from the abort on none is begun. The queue is shut down then.
 */
export const runController = async (options: ControllerOptions, signal: AbortSignal): Promise<void> => {
  const { queue, metrics, workers = 8, expressWorkers = 1 } = options;
  const shutDown = (): void => queue.shutDown();
  if (signal.aborted) shutDown();
  else signal.addEventListener("abort", shutDown, { once: true });
  metrics?.workers(workers + expressWorkers);
  const start = (count: number, least: Priority) => Array.from({ length: count }, () => work(options, least, signal));
  await Promise.all([resync(options, signal), ...start(workers, "low"), ...start(expressWorkers, "high")]);
};

const work = async (options: ControllerOptions, least: Priority, signal: AbortSignal): Promise<void> => {
  const { queue } = options;
  for (let item = await queue.take(least); item; item = await queue.take(least))
    try {
      if (!signal.aborted) await reconcileItem(options, item, signal);
    } finally {
      queue.done(item.key);
    }
};

const reconcileItem = async (options: ControllerOptions, item: WorkItem, signal: AbortSignal): Promise<void> => {
  const { clock, queue, metrics, timeLimitMs = 120_000 } = options;
  const { key, priority } = item;
  const startedAt = clock.now();
  metrics?.started();
  try {
    const { requeueAfterMs } = await withTimeLimit(clock, timeLimitMs, signal, (limited) =>
      options.reconcile(key, limited, priority),
    );
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs, priority);
    metrics?.finished(requeueAfterMs === undefined ? "success" : "requeue_after", clock.now() - startedAt);
  } catch (error) {
    const errorClass = classifyError(error);
    metrics?.finished(errorClass.quiet ? "requeue" : "error", clock.now() - startedAt);
    // What a stopping controller interrupts is no failure: whoever leads next does it anew.
    if (signal.aborted) return;
    if (error instanceof TimeLimitExceeded) metrics?.timeout();
    requeue(options, item, errorClass);
    options.onError?.(key, error, errorClass);
  }
};

const requeue = ({ queue, metrics }: ControllerOptions, { key, priority }: WorkItem, errorClass: ErrorClass): void => {
  switch (errorClass.kind) {
    case "retry-after":
      queue.forget(key);
      queue.addAfter(key, errorClass.afterMs, priority);
      return;
    case "terminal":
      queue.forget(key);
      metrics?.terminalError();
      return;
    case "panic":
      metrics?.panic();
      queue.addRateLimited(key, priority);
      return;
    case "rate-limited":
      queue.addRateLimited(key, priority);
  }
};

const resync = async (options: ControllerOptions, signal: AbortSignal): Promise<void> => {
  const { clock, queue, keys, onError, resyncMs = 600_000 } = options;
  while (!signal.aborted) {
    try {
      await clock.sleep(resyncMs * (0.9 + 0.2 * clock.random()), signal);
    } catch {
      // Nothing but the abort ends a sleep.
      return;
    }
    for (const key of keys())
      try {
        queue.add(key, "low");
      } catch (error) {
        // The queue is full; the next resync brings the key again.
        onError?.(key, error, classifyError(error));
      }
  }
};
