import { createBackoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { EventMetrics } from "./engine-metrics.ts";
import type { EventRecorder } from "./event-recorder.ts";
import type { KubeClient } from "./kube-client.ts";
import { KubeError, KubeUnreachable } from "./kube-error.ts";
import type { KubeEvent, Occurrence, Reporter } from "./kube-event.ts";
import { kubeEvents, toEventName, toKubeEvent } from "./kube-event.ts";
import { toKey } from "./kube-object.ts";
import { toMicroTime } from "./micro-time.ts";
import { leaveAfter } from "./time-limit.ts";
import type { TokenBucket } from "./token-bucket.ts";
import { createTokenBucket } from "./token-bucket.ts";

export interface EventRecorderOptions extends Reporter {
  readonly client: Pick<KubeClient, "get" | "create" | "patch">;
  readonly clock: Clock;
  readonly metrics?: EventMetrics;
  /** Every event that was dropped because it could not be written. Must not throw. */
  readonly onError?: (error: unknown) => void;
}

/** Disposing it writes what waits, for a few seconds at most, and drops the rest. */
export interface WritingEventRecorder extends EventRecorder, AsyncDisposable {
  /** Events that were not written: too many about an object, too many that wait, or no answer. */
  readonly dropped: number;
  /** Resolves when nothing waits to be written. */
  flushed(): Promise<void>;
}

/** Different events that wait to be written; the same one again is only counted. */
const waitingMax = 1000;
/** About one object: so many at once, and then one in 5 minutes (client-go, `tools/record/events_cache.go`). */
const perObjectBurst = 25;
const perObjectPerSecond = 1 / 300;
/** Objects whose events are counted; of those before them the count begins anew. */
const objectsMax = 4096;
/** Tries of an event that gets no answer (client-go, `tools/record/event.go`). */
const triesMax = 12;
const disposeMs = 5000;

/** Writes events one after the other, in the background. */
export const createEventRecorder = (options: EventRecorderOptions): WritingEventRecorder => {
  const { client, clock, metrics, onError } = options;
  const waiting = new Map<string, Occurrence>();
  const buckets = new Map<string, TokenBucket>();
  const written = new Set<string>();
  const closed = new AbortController();
  let writing: Promise<void> | undefined;
  let dropped = 0;
  const drop = (count = 1): void => {
    for (let n = 0; n < count; n++) metrics?.dropped();
    dropped += count;
  };

  const mayTell = (uid: string): boolean => {
    let bucket = buckets.get(uid);
    if (!bucket) {
      const [oldest] = buckets.size >= objectsMax ? buckets.keys() : [];
      if (oldest !== undefined) buckets.delete(oldest);
      bucket = createTokenBucket(clock, perObjectPerSecond, perObjectBurst);
      buckets.set(uid, bucket);
    }
    return bucket.take();
  };

  /** Most events are the first of their kind: what was not written before is tried as new. */
  const createFirst = async (key: string, event: KubeEvent): Promise<boolean> => {
    if (written.has(key)) return false;
    const [oldest] = written.size >= objectsMax ? written : [];
    if (oldest !== undefined) written.delete(oldest);
    written.add(key);
    try {
      await client.create(kubeEvents, event);
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 409) return false;
      throw error;
    }
  };
  const writeOnce = async (occurrence: Occurrence): Promise<void> => {
    const event = toKubeEvent(occurrence, options);
    const ref = { namespace: event.metadata.namespace ?? "", name: event.metadata.name };
    if (await createFirst(toKey(ref), event)) return;
    const found = await client.get(kubeEvents, ref);
    if (!found) {
      await client.create(kubeEvents, event);
      return;
    }
    const count = (found.series?.count ?? 1) + occurrence.count;
    const series = { count, lastObservedTime: toMicroTime(occurrence.lastAt) };
    await client.patch(kubeEvents, ref, { series });
  };
  const write = async (occurrence: Occurrence): Promise<void> => {
    const backoff = createBackoff({ clock });
    for (let tries = 1; ; tries++)
      try {
        await writeOnce(occurrence);
        return;
      } catch (error) {
        if (tries < triesMax && mayHelp(error) && !closed.signal.aborted) {
          await clock.sleep(backoff.next(), closed.signal).catch(() => undefined);
          continue;
        }
        drop(occurrence.count);
        onError?.(error);
        return;
      }
  };
  const writeAll = async (): Promise<void> => {
    for (const [key, occurrence] of waiting) {
      waiting.delete(key);
      await write(occurrence);
    }
    writing = undefined;
  };
  const flushed = async (): Promise<void> => {
    while (writing) await writing;
  };

  return {
    record(about, event) {
      const now = clock.date();
      const key = `${about.metadata.namespace}/${toEventName(about, event, options)}`;
      const there = waiting.get(key);
      if (closed.signal.aborted || !mayTell(about.metadata.uid ?? key) || (!there && waiting.size >= waitingMax))
        drop();
      else if (there) Object.assign(there, { count: there.count + 1, lastAt: now });
      else waiting.set(key, { about, event, count: 1, firstAt: now, lastAt: now });
      writing ??= writeAll();
    },
    flushed,
    get dropped() {
      return dropped;
    },
    async [Symbol.asyncDispose]() {
      try {
        await leaveAfter(clock, disposeMs, undefined, flushed());
      } catch {
        // The time is over: what still waits is dropped.
        for (const { count } of waiting.values()) drop(count);
        waiting.clear();
      } finally {
        closed.abort();
      }
    },
  };
};

/** 409: it was made, or has expired, since it was looked for. */
const mayHelp = (error: unknown): boolean =>
  error instanceof KubeUnreachable ||
  (error instanceof KubeError &&
    (error.status >= 500 || [404, 409, 429].includes(error.status)) &&
    !error.namespaceTerminating);
