import type { Clock } from "./clock.ts";
import type { Priority } from "./priority.ts";

/** Keys that wait for their time (client-go, `util/workqueue/delaying_queue.go`). One timer for all of them. */
export interface Alarm {
  /** Rings for the key in so many milliseconds, unless it does earlier already. */
  set(key: string, ms: number, priority: Priority): void;
  has(key: string): boolean;
  readonly size: number;
  /** Forgets all. */
  stop(): void;
}

interface Wait {
  readonly dueAt: number;
  readonly priority: Priority;
}

export const createAlarm = (clock: Clock, ring: (key: string, priority: Priority) => void): Alarm => {
  const waits = new Map<string, Wait>();
  let timer: { readonly dueAt: number; readonly stop: AbortController } | undefined;

  const arm = (): void => {
    let dueAt = Number.POSITIVE_INFINITY;
    for (const wait of waits.values()) dueAt = Math.min(dueAt, wait.dueAt);
    if (dueAt === timer?.dueAt) return;
    timer?.stop.abort();
    timer = undefined;
    if (waits.size === 0) return;
    const stop = new AbortController();
    timer = { dueAt, stop };
    clock.sleep(dueAt - clock.now(), stop.signal).then(ringDue, () => undefined);
  };
  const ringDue = (): void => {
    timer = undefined;
    const now = clock.now();
    for (const [key, { dueAt, priority }] of waits)
      if (dueAt <= now) {
        waits.delete(key);
        ring(key, priority);
      }
    arm();
  };

  return {
    set(key, ms, priority) {
      const wait = { dueAt: clock.now() + ms, priority };
      const there = waits.get(key);
      if (there && there.dueAt <= wait.dueAt) return;
      waits.set(key, wait);
      if (!timer || wait.dueAt < timer.dueAt) arm();
    },
    has: (key) => waits.has(key),
    get size() {
      return waits.size;
    },
    stop() {
      waits.clear();
      arm();
    },
  };
};
