import type { News, NewsCursor } from "../../store/log.ts";
import type { Timers } from "../timers.ts";

/**
 * Asks the log what was committed since it was last asked: about once a second, and at once when told to. It finds
 * whatever no doorbell told of: one that was lost, or never sent because a gateway died after its commit.
 *
 * Guarantees: every committed event is in exactly one answer, however long the database was away in between.
 * Concurrency: one question at a time; a wish during one is fulfilled after it.
 */
export interface NewsPoll {
  /** Resolves with the first answer: what is committed from then on is not missed. */
  readonly begun: Promise<void>;
  /** Ask now. */
  hurry(): void;
  /** True once the first answer came, and while answers come. */
  isCurrent(): boolean;
  stop(): Promise<void>;
}

export interface NewsPollOptions {
  readonly timers: Timers;
  readonly read: (cursor: NewsCursor | undefined) => Promise<News>;
  /** Must not throw. */
  readonly onNews: (news: News) => void;
  readonly onError: (error: unknown) => void;
}

const pollMs = 1000;

export const startNewsPoll = ({ timers, read, onNews, onError }: NewsPollOptions): NewsPoll => {
  let cursor: NewsCursor | undefined;
  let current = false;
  let wished = false;
  let stopped = false;
  let timer: unknown;
  let asking: Promise<void> | undefined;
  const begun = Promise.withResolvers<void>();

  const ask = async (): Promise<void> => {
    try {
      const news = await read(cursor);
      cursor = news.cursor;
      current = true;
      begun.resolve();
      onNews(news);
    } catch (error) {
      current = false;
      onError(error);
    }
    asking = undefined;
    if (stopped) return;
    if (wished) start();
    else timer = timers.setTimeout(start, pollMs);
  };

  const start = (): void => {
    wished = false;
    timers.clearTimeout(timer);
    asking = ask();
  };

  start();
  return {
    begun: begun.promise,
    hurry() {
      if (asking) wished = true;
      else if (!stopped) start();
    },
    isCurrent: () => current,
    async stop() {
      stopped = true;
      timers.clearTimeout(timer);
      await asking;
    },
  };
};
