import { LRUCache } from "lru-cache";

/**
 * Remembers what the database answered, for a while.
 *
 * Guarantees: an answer is at most `ttlMs` old, and never older than the last `forget` that fits its key, one that came while
 * the answer was on its way included. Failures are not kept.
 * Concurrency: calls for the same key at the same time share one question.
 */
export interface Memory<V> {
  get(key: string): Promise<V>;
  /** What was last answered, however long ago, unless it was forgotten or had to make room. */
  last(key: string): V | undefined;
  forget(key: string): void;
  forgetAll(fits: (key: string) => boolean): void;
}

export interface MemoryOptions<V> {
  readonly load: (key: string) => Promise<V>;
  readonly ttlMs: number;
  /** Answers that are kept; of more the one used longest ago goes. */
  readonly keptMax: number;
  /** In milliseconds, on a clock that never goes back. */
  readonly now?: () => number;
}

/** A question under way. */
interface Question<V> {
  /** Something was forgotten since it was asked. */
  isStale: boolean;
  readonly answer: Promise<V>;
}

/** `V` must not be undefined: what is not there needs an answer of its own. */
export const createMemory = <V extends NonNullable<unknown>>({
  load,
  ttlMs,
  keptMax,
  now = () => performance.now(),
}: MemoryOptions<V>): Memory<V> => {
  const kept = new LRUCache<string, V>({ max: keptMax, ttl: ttlMs, perf: { now }, ttlResolution: 0 });
  const underWay = new Map<string, Question<V>>();

  const ask = async (key: string, question: { isStale: boolean }): Promise<V> => {
    for (;;) {
      question.isStale = false;
      const answer = await load(key);
      if (question.isStale) continue;
      kept.set(key, answer);
      return answer;
    }
  };

  const forget = (key: string): void => {
    kept.delete(key);
    const question = underWay.get(key);
    if (question) question.isStale = true;
  };

  return {
    async get(key) {
      const answer = kept.get(key);
      if (answer !== undefined) return answer;
      const asked = underWay.get(key);
      if (asked) return await asked.answer;
      const mark = { isStale: false };
      const question = Object.assign(mark, { answer: ask(key, mark) });
      underWay.set(key, question);
      try {
        return await question.answer;
      } finally {
        underWay.delete(key);
      }
    },
    last: (key) => kept.peek(key, { allowStale: true }),
    forget,
    forgetAll(fits) {
      for (const key of [...kept.keys(), ...underWay.keys()]) if (fits(key)) forget(key);
    },
  };
};
