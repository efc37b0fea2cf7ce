import type { SendsarError } from "./errors.ts";
import type { Message, MessagePart } from "./wire.ts";

/** A message that is on its way to the server, or could not be sent. */
export interface OutboxEntry {
  readonly clientMessageId: string;
  readonly roomId: string;
  readonly parts: readonly MessagePart[];
  readonly parentMessageId?: string;
  /** When it was given to `sendMessage`, or to `retry` for the last time; ISO-8601. */
  readonly createdAt: string;
  /** `pending` needs nothing from anybody; `failed` waits for `retry` or `discard`. */
  readonly state: "pending" | "failed";
  /** Why it failed. */
  readonly error?: SendsarError;
  /** True if it outlives a reload of the page: the storage has it. */
  readonly isStored: boolean;
}

/** Payload of the event `outbox`. */
export interface OutboxChange {
  readonly entries: readonly OutboxEntry[];
}

/**
 * The messages of the connected user that are not on the server yet, in the order in which they were sent. Filled by
 * `sendMessage`, and from the storage when the user connects.
 */
export interface ChatOutbox {
  readonly entries: readonly OutboxEntry[];
  /** Sends a failed message again, as `sendMessage` does. Rejects with `not_in_outbox` for one that is not there. */
  retry(clientMessageId: string): Promise<Message>;
  /** Gives a message up. One that is under way may still arrive. Does nothing for one that is not there. */
  discard(clientMessageId: string): void;
}

/** Where the outbox keeps its messages over a reload: `localStorage`, or anything that works like it. */
export interface OutboxStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}
