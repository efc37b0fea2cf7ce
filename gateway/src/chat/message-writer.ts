import { limits } from "@sendsar/protocol/limits";
import type { Message } from "@sendsar/protocol/objects/message";
import type { Db } from "../store/db.ts";
import type { LogEvent } from "../store/log.ts";
import type { NewMessage, WriteResult } from "../store/message-writer.ts";
import { writeMessages } from "../store/message-writer.ts";
import { toParentPreview } from "../store/messages.ts";
import { StoreError, isTransient } from "../store/store-error.ts";
import { ChatError } from "./chat-error.ts";
import { newMessage } from "./new-message.ts";
import type { Lane, Waiting } from "./write-lanes.ts";
import { createLanes } from "./write-lanes.ts";

export type WriteOutcome =
  | { readonly verdict: "stored"; readonly message: Message }
  | Exclude<WriteResult, { readonly verdict: "stored" }>;

/**
 * Writes messages in batches that form by themselves: while one flush of a tenant is on its way to the disk, the next
 * one collects. No timer, so a lone message waits for nobody; under load one commit carries up to 256.
 *
 * Guarantees: `write` answers after the commit; messages of a room written here are committed, and given to
 * `onCommitted`, in the order of their `seq`; a repeat of a `clientMessageId` never makes a second message, also when both
 * come at once.
 * Concurrency: one flush per lane at a time, `flushesMax` lanes at a time, in the order in which they asked. A lane is a
 * tenant; a room that somebody else keeps locked gets a lane of its own for a while, so that it holds up nobody else.
 * Limits: beyond `writerQueueMax` waiting messages `write` throws `overloaded`; a message that has waited for
 * `writerWaitMsMax` is not written and its sender gets `database_unavailable`. Every answer comes within `queryMsMax`.
 * Errors: a `StoreError` of kind `unavailable` leaves open whether the message was written; sending it again with the
 * same `clientMessageId` finds out.
 */
export interface MessageWriter {
  write(tenantId: string, message: NewMessage): Promise<WriteOutcome>;
  /** Messages that wait to be written. */
  readonly waiting: number;
  /** Answers when nothing is waiting any more. */
  drain(): Promise<void>;
}

export interface MessageWriterOptions {
  readonly db: Db;
  readonly flushesMax: number;
  /** Called after each commit, before the writers are answered. Must not throw: the messages are on disk. */
  readonly onCommitted: (tenantId: string, events: readonly LogEvent[]) => void;
}

type WaitingMessage = Waiting<PromiseWithResolvers<WriteOutcome>>;

export const createMessageWriter = ({ db, flushesMax, onCommitted }: MessageWriterOptions): MessageWriter => {
  const lanes = createLanes<WaitingMessage>(() => performance.now());
  let flushing = 0;
  let sweeper: NodeJS.Timeout | undefined;
  let drained: PromiseWithResolvers<void> | undefined;

  const flush = async (lane: Lane<WaitingMessage>): Promise<void> => {
    const batch = lanes.take(lane, takeBatch);
    try {
      await writeBatch(lane, batch);
    } catch (error) {
      // A defect of ours. Who was not answered before hears of it, and the lane goes on.
      for (const { answer } of batch) answer.reject(error);
    }
    flushing--;
    lanes.free(lane);
    if (lanes.isEmpty()) drained?.resolve();
    pump();
  };

  const pump = (): void => {
    while (flushing < flushesMax) {
      const lane = lanes.next();
      if (!lane) return;
      flushing++;
      void flush(lane);
    }
  };

  /** Every failure of the database goes to those who wait for it. */
  const writeBatch = async (lane: Lane<WaitingMessage>, batch: readonly WaitingMessage[]): Promise<void> => {
    const [oldest] = batch;
    if (!oldest) return;
    const messages = batch.map(({ message }) => message);
    const msMax = limits.queryMsMax - (performance.now() - oldest.since);
    // In a lane of many rooms nobody waits long for the lock of one; in its own, a room has what time is left.
    const lockMsMax =
      lane.roomId === undefined ? impatientLockMs : Math.max(1, Math.min(limits.lockWaitMsMax, msMax - marginMs));
    let results: readonly WriteResult[];
    try {
      results = await writeMessages(db, lane.tenantId, messages, { msMax, lockMsMax });
    } catch (error) {
      await settleFailure(lane, batch, error);
      return;
    }
    const outcomes = messages.map((message, index) => toOutcome(message, results[index]));
    onCommitted(
      lane.tenantId,
      outcomes.flatMap((outcome) => (outcome.verdict === "stored" ? [toEvent(outcome.message)] : [])),
    );
    for (const [index, { answer }] of batch.entries()) answer.resolve(outcomes[index] as WriteOutcome);
  };

  const settleFailure = async (
    lane: Lane<WaitingMessage>,
    batch: readonly WaitingMessage[],
    error: unknown,
  ): Promise<void> => {
    if (error instanceof StoreError && error.kind === "locked" && lane.roomId === undefined) {
      lanes.split(lane, batch);
      return;
    }
    if (batch.length === 1 || isTransient(error)) {
      for (const { answer } of batch) answer.reject(error);
      return;
    }
    // One message that cannot be written must not fail its neighbours.
    for (const one of batch) await writeBatch(lane, [one]);
  };

  /** Refuses what has waited for too long: it was not written, and will not be. */
  const sweep = (): void => {
    const before = performance.now() - limits.writerWaitMsMax;
    for (const { answer } of lanes.takeOlderThan(before)) answer.reject(new ChatError("database_unavailable"));
    if (!lanes.isEmpty()) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };

  return {
    async write(tenantId, message) {
      if (lanes.count >= limits.writerQueueMax) throw new ChatError("overloaded");
      const answer = Promise.withResolvers<WriteOutcome>();
      lanes.push(tenantId, { message, since: performance.now(), answer });
      sweeper ??= setInterval(sweep, sweepMs);
      pump();
      return await answer.promise;
    },
    get waiting() {
      return lanes.count;
    },
    async drain() {
      if (lanes.isEmpty()) return;
      drained ??= Promise.withResolvers<void>();
      await drained.promise;
    },
  };
};

const sweepMs = 200;
const impatientLockMs = 1000;
/** By which the database gives up before we do: then it is known that nothing was written. */
const marginMs = 500;

/** Takes the next batch off a queue. A second copy of a message already in it stays for the next flush, which sees the first. */
const takeBatch = (queue: WaitingMessage[]): WaitingMessage[] => {
  const batch: WaitingMessage[] = [];
  const later: WaitingMessage[] = [];
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

const toEvent = (message: Message): LogEvent => ({
  type: "message.created",
  roomId: message.roomId,
  seq: message.seq,
  message,
});

const toOutcome = (given: NewMessage, result: WriteResult | undefined): WriteOutcome => {
  if (!result) throw new Error("unable to read the result of a write; the database answered too few rows");
  if (result.verdict !== "stored") return result;
  const message = newMessage({
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
  });
  return { verdict: "stored", message };
};
