import { limits } from "@sendsar/protocol/limits";
import type { Message } from "@sendsar/protocol/objects/message";
import type { Db } from "../store/db.ts";
import type { NewMessage, WriteResult } from "../store/message-writer.ts";
import { writeMessages } from "../store/message-writer.ts";
import { toParentPreview } from "../store/messages.ts";
import { StoreError } from "../store/store-error.ts";
import { ChatError } from "./chat-error.ts";

export type WriteOutcome =
  | { readonly verdict: "stored"; readonly message: Message }
  | Exclude<WriteResult, { readonly verdict: "stored" }>;

/**
 * Writes messages in batches that form by themselves: while one flush of a tenant is on its way to the disk, the next
 * one collects. No timer, so a lone message waits for nobody; under load one commit carries up to 256.
 *
 * Guarantees: `write` answers after the commit; messages of a tenant written here are committed, and given to
 * `onStored`, in the order of their `seq`; a repeat of a `clientMessageId` never makes a second message, also when both
 * come at once.
 * Concurrency: one flush per tenant at a time, `flushesMax` tenants at a time, in the order in which they asked.
 * Limits: beyond `writerQueueMax` waiting messages `write` throws `overloaded`.
 * Errors: a `StoreError` of kind `unavailable` leaves open whether the message was written; sending it again with the
 * same `clientMessageId` finds out.
 */
export interface MessageWriter {
  write(tenantId: string, message: NewMessage): Promise<WriteOutcome>;
  /** Answers when nothing is waiting any more. */
  drain(): Promise<void>;
}

export interface MessageWriterOptions {
  readonly db: Db;
  readonly flushesMax: number;
  /** Called after each commit, before the writers are answered. Must not throw: the messages are on disk. */
  readonly onStored: (tenantId: string, messages: readonly Message[]) => void;
}

interface Waiting {
  readonly message: NewMessage;
  readonly answer: PromiseWithResolvers<WriteOutcome>;
}

export const createMessageWriter = ({ db, flushesMax, onStored }: MessageWriterOptions): MessageWriter => {
  /** Tenants with messages waiting or in flight. */
  const queues = new Map<string, Waiting[]>();
  /** Tenants whose queue may be flushed, the longest waiting first. */
  const ready: string[] = [];
  let flushing = 0;
  let waiting = 0;
  let drained: PromiseWithResolvers<void> | undefined;

  const flush = async (tenantId: string, queue: Waiting[]): Promise<void> => {
    const batch = takeBatch(queue);
    waiting -= batch.length;
    await writeBatch(tenantId, batch);
    flushing--;
    if (queue.length > 0) ready.push(tenantId);
    else queues.delete(tenantId);
    if (queues.size === 0) drained?.resolve();
    pump();
  };

  const pump = (): void => {
    while (flushing < flushesMax) {
      const tenantId = ready.shift();
      const queue = tenantId === undefined ? undefined : queues.get(tenantId);
      if (tenantId === undefined || !queue) return;
      flushing++;
      void flush(tenantId, queue);
    }
  };

  /** Never throws: every failure goes to those who wait for it. */
  const writeBatch = async (tenantId: string, batch: readonly Waiting[]): Promise<void> => {
    let results: readonly WriteResult[];
    try {
      results = await writeMessages(
        db,
        tenantId,
        batch.map(({ message }) => message),
      );
    } catch (error) {
      const unavailable = error instanceof StoreError && error.kind === "unavailable";
      if (unavailable || batch.length === 1) {
        for (const { answer } of batch) answer.reject(error);
        return;
      }
      // One message that cannot be written must not fail its neighbours.
      for (const one of batch) await writeBatch(tenantId, [one]);
      return;
    }
    const outcomes = batch.map(({ message }, index) => toOutcome(message, results[index]));
    onStored(
      tenantId,
      outcomes.flatMap((outcome) => (outcome.verdict === "stored" ? [outcome.message] : [])),
    );
    for (const [index, { answer }] of batch.entries()) answer.resolve(outcomes[index] as WriteOutcome);
  };

  return {
    async write(tenantId, message) {
      if (waiting >= limits.writerQueueMax) throw new ChatError("overloaded");
      const answer = Promise.withResolvers<WriteOutcome>();
      const queue = queues.get(tenantId);
      if (queue) {
        queue.push({ message, answer });
      } else {
        queues.set(tenantId, [{ message, answer }]);
        ready.push(tenantId);
      }
      waiting++;
      pump();
      return await answer.promise;
    },
    async drain() {
      if (queues.size === 0) return;
      drained ??= Promise.withResolvers<void>();
      await drained.promise;
    },
  };
};

/** Takes the next batch off a queue. A second copy of a message already in it stays for the next flush, which sees the first. */
const takeBatch = (queue: Waiting[]): Waiting[] => {
  const batch: Waiting[] = [];
  const later: Waiting[] = [];
  const copies = new Set<string>();
  while (batch.length < limits.writerFlushMessagesMax) {
    const next = queue.shift();
    if (!next) break;
    const { roomId, senderId, clientMessageId } = next.message;
    const key = clientMessageId === undefined ? undefined : JSON.stringify([roomId, senderId, clientMessageId]);
    if (key !== undefined && copies.has(key)) {
      later.push(next);
      continue;
    }
    if (key !== undefined) copies.add(key);
    batch.push(next);
  }
  queue.unshift(...later);
  return batch;
};

const toOutcome = (given: NewMessage, result: WriteResult | undefined): WriteOutcome => {
  if (!result) throw new Error("unable to read the result of a write; the database answered too few rows");
  if (result.verdict !== "stored") return result;
  const message: Message = {
    id: given.messageId,
    roomId: given.roomId,
    seq: result.seq,
    senderId: given.senderId,
    clientMessageId: given.clientMessageId ?? null,
    parts: [...given.parts],
    previewText: given.previewText ?? null,
    createdAt: result.createdAt,
    parentMessageId: given.parentMessageId ?? null,
    parentMessage: result.parent ? toParentPreview(result.parent) : null,
    editedAt: null,
    deletedAt: null,
    deletedHidden: null,
    reactions: [],
    pinnedAt: null,
    pinnedBy: null,
    forwardedFromId: null,
    forwardedFromSenderId: null,
  };
  return { verdict: "stored", message };
};
