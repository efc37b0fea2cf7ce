import { performance } from "node:perf_hooks";
import type { Clock } from "./clock.ts";

/** Node fires a longer timer at once (2^31 - 1 ms, 24.8 days), and a key may fall due in 90 days. */
const timerMsMax = 2 ** 31 - 1;

/** The clock of the machine. */
export const createRealClock = (): Clock => ({
  now: () => performance.now(),
  date: () => new Date(),
  random: () => Math.random(),
  async sleep(ms, signal) {
    for (let left = ms; ; left -= timerMsMax) {
      await sleepOnce(Math.min(Math.max(left, 0), timerMsMax), signal);
      if (left <= timerMsMax) return;
    }
  },
});

const sleepOnce = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(toError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
