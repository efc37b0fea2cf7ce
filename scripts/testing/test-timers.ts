import type { Timers } from "../../gateway/src/realtime/timers.ts";

/** Timers that run when a test says so. */
export interface TestTimers extends Timers {
  /** Milliseconds of every timer that is running. */
  readonly running: readonly number[];
  /** Lets this much time pass, in order of what falls due. */
  advance(ms: number): void;
}

interface Timer {
  readonly callback: () => void;
  dueInMs: number;
}

export const createTestTimers = (): TestTimers => {
  const timers = new Set<Timer>();
  return {
    get running() {
      return [...timers].map((timer) => timer.dueInMs);
    },
    setTimeout(callback, ms) {
      const timer = { callback, dueInMs: ms };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    advance(ms) {
      for (const timer of timers) timer.dueInMs -= ms;
      const due = [...timers].filter((timer) => timer.dueInMs <= 0).toSorted((a, b) => a.dueInMs - b.dueInMs);
      for (const timer of due) if (timers.delete(timer)) timer.callback();
    },
  };
};

/** Timers of which only those of at least `fromMs` wait for the test; shorter ones run as time passes. */
export const createLongTestTimers = (fromMs: number): TestTimers => {
  const held = createTestTimers();
  return {
    get running() {
      return held.running;
    },
    setTimeout: (callback, ms) => (ms >= fromMs ? held : globalThis).setTimeout(callback, ms),
    clearTimeout(timer) {
      held.clearTimeout(timer);
      globalThis.clearTimeout(timer as NodeJS.Timeout);
    },
    advance: (ms) => held.advance(ms),
  };
};
