import { setInterval } from "node:timers/promises";

/** How much slower than it could be the machine was meanwhile, because others work on it too. */
export interface Lag extends AsyncDisposable {
  /** The longest that `ask` took, in milliseconds, and at most `lagMsMax`: more than that excuses nothing. */
  ms(): number;
}

const everyMs = 100;
const lagMsMax = 2000;

/** Asks again and again for something that takes next to no time. One that fails tells nothing of the machine. */
export const watchLag = (ask: () => Promise<unknown>): Lag => {
  const stopping = new AbortController();
  let longest = 0;
  const watch = async (): Promise<void> => {
    for await (const _ of setInterval(everyMs, undefined, { signal: stopping.signal })) {
      const askedAt = performance.now();
      const answered = await ask().then(
        () => true,
        () => false,
      );
      if (answered) longest = Math.max(longest, performance.now() - askedAt);
    }
  };
  const ended = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    ms: () => Math.min(longest, lagMsMax),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
};
