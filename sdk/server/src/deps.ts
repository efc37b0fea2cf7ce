import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

/** What the SDK takes from its surroundings. */
export interface Deps {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Resolves after a time, or rejects as soon as the signal is aborted. */
  readonly wait: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** A UUID. */
  readonly createId: () => string;
}

/** The real clock, network and chance. */
export const realDeps: Deps = {
  // Looked up at each call, so that an app which replaces the global is heard.
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  random: () => Math.random(),
  wait: (delayMs, signal) => delay(delayMs, undefined, { signal }),
  createId: () => randomUUID(),
};
