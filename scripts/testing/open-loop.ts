import { setTimeout as delay } from "node:timers/promises";
import type { TestAnswer } from "./client.ts";

export interface OpenLoopOptions {
  readonly perSecond: number;
  readonly seconds: number;
  readonly call: (n: number) => Promise<Pick<TestAnswer, "status">>;
}

export interface OpenLoopResult {
  /** How many calls were answered with each status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Milliseconds from the first call to the last answer. */
  readonly ms: number;
}

/** Makes calls at a pace of its own, whether those before are answered or not, and waits for all answers. */
export const runOpenLoop = async ({ perSecond, seconds, call }: OpenLoopOptions): Promise<OpenLoopResult> => {
  const startedAt = performance.now();
  const calls: Promise<Pick<TestAnswer, "status">>[] = [];
  while (calls.length < perSecond * seconds) {
    // What a timer that came late has missed is caught up with at once.
    const due = Math.min(((performance.now() - startedAt) / 1000) * perSecond, perSecond * seconds);
    while (calls.length <= due) calls.push(call(calls.length));
    await delay(1000 / perSecond);
  }
  const answers = await Promise.all(calls);
  const statuses = new Map<number, number>();
  for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  return { statuses, ms: performance.now() - startedAt };
};
