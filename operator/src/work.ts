import type { OperatorConfig } from "./config.ts";
import { FencedOff } from "./database/tenant-registry.ts";
import { runController } from "./kube/controller.ts";
import type { ControllerMetrics } from "./kube/engine-metrics.ts";
import type { ErrorClass } from "./kube/error-class.ts";
import type { KubeClient } from "./kube/kube-client.ts";
import { toKey } from "./kube/kube-object.ts";
import type { ObjectKey } from "./kube/kube-object.ts";
import type { ReconcileResult } from "./kube/reconcile-result.ts";
import type { Priority } from "./kube/priority.ts";
import type { WorkQueue } from "./kube/work-queue.ts";
import type { Leadership } from "./leadership.ts";
import type { ReconcileDeps } from "./reconcile/deps.ts";
import { reconcileTenant } from "./reconcile/reconcile-tenant.ts";
import type { WakeUps } from "./wake-ups.ts";
import type { Watches } from "./watches.ts";

export interface WorkParts {
  readonly deps: ReconcileDeps;
  /** The client of visits that somebody waits for. */
  readonly urgentClient: KubeClient;
  readonly queue: WorkQueue;
  readonly watches: Watches;
  readonly wakeUps: WakeUps;
  readonly leadership: Leadership;
  readonly metrics: ControllerMetrics;
  readonly onLost: (reason: string) => void;
}

/**
 * Disposing it takes no more keys and waits for the visits that run. Whatever runs for longer than a stop may take ends with
 * the process: then it is lost, and the Lease is not given back.
 */
export interface Work extends AsyncDisposable {
  /** Resolves when it was stopped; rejects with what it cannot work on without. */
  readonly ended: Promise<void>;
}

/** Waits for whole caches, stands for election, and then works off the queue. */
export const startWork = (config: OperatorConfig, parts: WorkParts): Work => {
  const stop = new AbortController();
  const ended = work(config, parts, stop.signal).catch((error: unknown) => {
    // Stopped before it began.
    if (!stop.signal.aborted) throw error;
  });
  return {
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the operator is stopping"));
      const waited = new AbortController();
      const late = parts.deps.clock.sleep(config.shutdownGraceSeconds * 1000, waited.signal).then(
        () => true,
        () => false,
      );
      const isLate = await Promise.race([ended.then(() => false), late]);
      waited.abort();
      // It may still write: the Lease must not go to another before this process is gone.
      if (isLate) parts.onLost("a visit did not end in time");
    },
  };
};

const work = async (config: OperatorConfig, parts: WorkParts, signal: AbortSignal): Promise<void> => {
  const { deps, queue, watches, wakeUps, leadership, metrics } = parts;
  const { logger, clock } = deps;
  await untilAborted(watches.whenSynced(), signal);
  const keys = (): ObjectKey[] =>
    watches.caches.tenants.list().map(({ metadata: { namespace = "", name } }) => toKey({ namespace, name }));
  logger.info({ tenants: keys().length }, "watches are whole");
  await untilAborted(leadership.won(), signal);
  logger.info("leading");
  wakeUps.begin(keys());
  await runController(
    {
      clock,
      queue,
      reconcile: (key, visitSignal, priority) => visit(parts, key, visitSignal, priority),
      keys,
      metrics,
      workers: config.maxConcurrentReconciles,
      resyncMs: config.resyncSeconds * 1000,
      onError: (key, error, errorClass) => logFailure(deps, key, error, errorClass),
    },
    signal,
  );
};

const visit = async (
  { deps, urgentClient, onLost }: WorkParts,
  key: ObjectKey,
  signal: AbortSignal,
  priority: Priority,
): Promise<ReconcileResult> => {
  const id = deps.newId();
  const client = priority === "high" ? urgentClient : deps.client;
  const ofVisit = { ...deps, client, logger: deps.logger.child({ tenant: key, reconcile: id }) };
  const attributes = { "sendsar.tenant": key, "sendsar.reconcile": id };
  try {
    return await deps.tracing.span("reconcile Tenant", attributes, () => reconcileTenant(ofVisit, key, signal));
  } catch (error) {
    if (error instanceof FencedOff) onLost(error.message);
    throw error;
  }
};

const logFailure = ({ logger }: ReconcileDeps, key: ObjectKey, error: unknown, { kind, quiet }: ErrorClass): void => {
  const line = { tenant: key, error, next: kind };
  if (quiet) logger.debug(line, "visit put off");
  else logger.error(line, "visit failed");
};

/** Waits for something that has no end of its own. */
const untilAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};
