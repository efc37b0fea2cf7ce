import { limits } from "@sendsar/protocol/limits";
import type { FileStore } from "../files/file-store.ts";
import type { Db } from "../store/db.ts";
import {
  claimRemovals,
  listDueRemovals,
  listUnfinished,
  removeUnfinished,
  settleRemovals,
} from "../store/file-removals.ts";

/**
 * Clears up files: forgets uploads that were not completed in time, and removes from the store what nobody can read any
 * more: of aborted uploads, of messages that were deleted, of tenants that were.
 *
 * Guarantees: what the database says is to be removed is removed in the end, whatever fails in between; nothing else is.
 * Concurrency: any number of gateways may do this. Each claims what it removes for a while, so they share the work; a
 * claim whose gateway died runs out. One round at a time, a few objects of it at once.
 * Limits: `itemsMax` of each kind a round; the next round comes soon while there is more.
 */
export interface FileJanitor {
  /** Answers when the round under way has ended. Starts no other. */
  stop(): Promise<void>;
}

export interface FileJanitorOptions {
  readonly db: Db;
  readonly store: FileStore;
  readonly timers: {
    setTimeout(callback: () => void, ms: number): unknown;
    clearTimeout(timer: unknown): void;
  };
  readonly onError: (error: unknown) => void;
}

const roundMs = 30_000;
const hurriedMs = 1000;
const itemsMax = 200;
/** Seconds for which an object is one gateway's to remove; one that could not be removed is tried again after that. */
const leaseSeconds = 300;
const removalsAtOnce = 8;

export const startFileJanitor = ({ db, store, timers, onError }: FileJanitorOptions): FileJanitor => {
  let stopped = false;
  let timer: unknown;
  let round = Promise.resolve();

  const schedule = (ms: number): void => {
    // Gateways that were started together do not all look at once.
    timer = timers.setTimeout(start, ms * (0.5 + Math.random()));
  };

  const work = async (): Promise<void> => {
    let more = false;
    try {
      more = await clearFiles({ db, store, onError, isStopped: () => stopped });
    } catch (error) {
      onError(error);
    }
    if (!stopped) schedule(more ? hurriedMs : roundMs);
  };

  const start = (): void => {
    round = work();
  };

  schedule(roundMs);
  return {
    async stop() {
      stopped = true;
      timers.clearTimeout(timer);
      await round;
    },
  };
};

interface Round extends Pick<FileJanitorOptions, "db" | "store" | "onError"> {
  readonly isStopped: () => boolean;
}

/** One round. Answers whether there is more to do at once. */
export const clearFiles = async (round: Round): Promise<boolean> => {
  const { db, store } = round;
  const unfinished = await listUnfinished(db, limits.uploadUnfinishedHours, itemsMax);
  for (const [tenantId, items] of Map.groupBy(unfinished, (item) => item.tenantId)) {
    const uploadIds = items.map(({ uploadId }) => uploadId);
    await removeUnfinished(db, tenantId, uploadIds, limits.uploadUnfinishedHours);
  }
  const due = await listDueRemovals(db, itemsMax);
  for (const [tenantId, items] of Map.groupBy(due, (item) => item.tenantId)) {
    const objectKeys = items.map(({ objectKey }) => objectKey);
    for (let at = 0; at < objectKeys.length && !round.isStopped(); at += removalsAtOnce) {
      await removeSome(round, tenantId, objectKeys.slice(at, at + removalsAtOnce));
    }
  }
  await store.tidy();
  return unfinished.length === itemsMax || due.length === itemsMax;
};

const removeSome = async ({ db, store, onError }: Round, tenantId: string, keys: readonly string[]): Promise<void> => {
  const claimed = await claimRemovals(db, tenantId, keys, leaseSeconds);
  const results = await Promise.allSettled(claimed.map(({ objectKey }) => store.remove(objectKey)));
  const removed = claimed.filter((_, index) => results[index]?.status === "fulfilled");
  if (removed.length > 0) await settleRemovals(db, tenantId, removed);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) onError(failed.reason);
};
