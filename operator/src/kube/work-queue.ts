import { createAlarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import type { QueueMetrics } from "./engine-metrics.ts";
import type { Priority } from "./priority.ts";
import { priorities } from "./priority.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { StormBreaker } from "./storm-breaker.ts";
import { createStormBreaker } from "./storm-breaker.ts";

export interface WorkItem {
  readonly key: string;
  readonly priority: Priority;
}

/**
 * Keys that need work (client-go, `util/workqueue/queue.go`, with the two priorities of controller-runtime's
 * `priorityqueue`).
 *
 * Guarantees: a key is with one worker at a time. It waits at most once, however often it is added. Added while it is
 * being worked on, it comes again afterwards: what changed meanwhile is not missed. The most urgent keys go first, each
 * priority in the order of arrival; an `add` with a higher priority lifts a key that waits.
 */
export interface WorkQueue {
  /**
   * Throws when there are as many different keys as the queue holds. After `shutDown` it does nothing. In a storm of adds
   * of a key that are not low, the breaker makes them wait and come as one.
   */
  add(key: string, priority?: Priority): void;
  /** Adds the key in so many milliseconds; of several such waits of a key the earliest counts. */
  addAfter(key: string, ms: number, priority?: Priority): void;
  /** Adds the key when the rate limiter lets it, after a failure. */
  addRateLimited(key: string, priority?: Priority): void;
  /** Ends the count of failures of the key. */
  forget(key: string): void;
  /**
   * The next key of this priority or a higher one, which is this caller's until `done`; undefined once the queue is shut down
   * and has no such key.
   */
  take(least?: Priority): Promise<WorkItem | undefined>;
  /** The key is free for the next worker. Every key that was taken must come here. */
  done(key: string): void;
  /** Nothing is added any more, and what waits for its time is dropped. What is due is still handed out. */
  shutDown(): void;
  /** Keys that are due, by priority. */
  depth(priority: Priority): number;
  /** Keys that wait for their time. */
  readonly waiting: number;
  /** Since when each key that is being worked on is, by `Clock.now`. */
  readonly processing: ReadonlyMap<string, number>;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly rateLimiter: RateLimiter;
  /** Without one, the usual. */
  readonly stormBreaker?: StormBreaker;
  readonly metrics?: QueueMetrics;
  /** Different keys that may be due or wait for their time. */
  readonly keysMax?: number;
}

interface Due {
  priority: Priority;
  readonly since: number;
}

interface Taker {
  readonly least: Priority;
  readonly resolve: (item: WorkItem | undefined) => void;
}

export const createWorkQueue = (options: WorkQueueOptions): WorkQueue => {
  const { clock, rateLimiter, stormBreaker = createStormBreaker({ clock }), metrics, keysMax = 100_000 } = options;
  /** Keys that need work; one that is being worked on stands here too, but in no lane. */
  const due = new Map<string, Due>();
  const lanes: Record<Priority, Set<string>> = { high: new Set(), normal: new Set(), low: new Set() };
  const processing = new Map<string, number>();
  const takers = new Set<Taker>();
  let shuttingDown = false;

  const next = (least: Priority): WorkItem | undefined => {
    for (const priority of priorities.slice(0, priorities.indexOf(least) + 1))
      for (const key of lanes[priority]) {
        lanes[priority].delete(key);
        metrics?.taken(clock.now() - (due.get(key)?.since ?? clock.now()));
        due.delete(key);
        processing.set(key, clock.now());
        return { key, priority };
      }
    return undefined;
  };
  const hand = (): void => {
    for (const taker of takers) {
      const item = next(taker.least);
      if (!item && !shuttingDown) continue;
      takers.delete(taker);
      taker.resolve(item);
    }
  };
  /** A key that is here already has its room, also when it is being worked on: a retry is never lost. */
  const requireRoom = (key: string): void => {
    if (due.has(key) || alarm.has(key) || processing.has(key)) return;
    if (due.size + alarm.size >= keysMax) throw new Error(`unable to queue a key; ${keysMax} are waiting`);
  };
  const addDue = (key: string, priority: Priority): void => {
    const there = due.get(key);
    if (there) {
      if (priorities.indexOf(priority) >= priorities.indexOf(there.priority)) return;
      if (lanes[there.priority].delete(key)) lanes[priority].add(key);
      there.priority = priority;
      hand();
      return;
    }
    metrics?.added();
    due.set(key, { priority, since: clock.now() });
    if (processing.has(key)) return;
    lanes[priority].add(key);
    hand();
  };
  const alarm = createAlarm(clock, addDue);
  const add = (key: string, priority: Priority = "normal"): void => {
    const delayMs = priority === "low" ? 0 : stormBreaker.delayMs(key);
    if (delayMs > 0) metrics?.calmed();
    addAfter(key, delayMs, priority);
  };
  const addAfter = (key: string, ms: number, priority: Priority = "normal"): void => {
    if (shuttingDown) return;
    requireRoom(key);
    if (ms <= 0) addDue(key, priority);
    else alarm.set(key, ms, priority);
  };

  const queue: WorkQueue = {
    add,
    addAfter,
    addRateLimited(key, priority) {
      metrics?.retried();
      addAfter(key, rateLimiter.when(key), priority);
    },
    forget: (key) => rateLimiter.forget(key),
    take: (least = "low") =>
      new Promise((resolve) => {
        takers.add({ least, resolve });
        hand();
      }),
    done(key) {
      metrics?.finished(clock.now() - (processing.get(key) ?? clock.now()));
      processing.delete(key);
      const again = due.get(key);
      if (!again) return;
      lanes[again.priority].add(key);
      hand();
    },
    shutDown() {
      shuttingDown = true;
      alarm.stop();
      hand();
    },
    depth: (priority) => lanes[priority].size,
    get waiting() {
      return alarm.size;
    },
    processing,
  };
  metrics?.observe({ depth: queue.depth, processing, now: () => clock.now() });
  return queue;
};
