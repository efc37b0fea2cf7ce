import { unableTo } from "./errors.ts";
import type { MessagePart } from "./wire.ts";

/** A message to be sent, or its text alone. */
export type NewMessage = string | NewMessageFields;

/** What a message says: `files` first, then `text`, then `parts`. One of them is needed. */
export interface MessageContent {
  readonly text?: string | undefined;
  /** Files that were uploaded before, as `uploadFile` answers them. */
  readonly files?: readonly FileReference[] | undefined;
  readonly parts?: readonly MessagePart[] | undefined;
}

/** A message to be sent. */
export interface NewMessageFields extends MessageContent {
  /** Your own id of the message, 128 characters at most. A message that is sent twice with it is stored once. */
  readonly clientMessageId?: string | undefined;
  /** The message of the same room that this one answers. */
  readonly parentMessageId?: string | undefined;
}

/** A file that was uploaded. */
export interface FileReference {
  readonly uploadId: string;
  readonly mediaType: string;
  readonly filename: string;
}

/** A message as it goes into the outbox. */
export interface NewEntry {
  readonly clientMessageId: string;
  readonly parts: readonly MessagePart[];
  readonly parentMessageId?: string;
}

/** What is sent of a new message. Throws `invalid_options` for a message without content. */
export function toNewEntry(message: NewMessage, createId: () => string): NewEntry {
  const fields: NewMessageFields = typeof message === "string" ? { text: message } : message;
  const { clientMessageId = createId(), parentMessageId } = fields;
  const parts = toParts(fields, "send message");
  return { parts, clientMessageId, ...(parentMessageId !== undefined && { parentMessageId }) };
}

/** What a message says, as its parts. Throws `invalid_options` when that is nothing. */
export function toParts(content: string | MessageContent, operation: string): readonly MessagePart[] {
  const { files = [], text, parts = [] }: MessageContent = typeof content === "string" ? { text: content } : content;
  const all: readonly MessagePart[] = [
    ...files.map(({ uploadId, mediaType, filename }) => ({ type: "file", uploadId, mediaType, filename })),
    ...(text === undefined ? [] : [{ type: "text", text }]),
    ...parts,
  ];
  if (all.length > 0) return all;
  throw unableTo(operation, "it has neither text nor parts", { code: "invalid_options" });
}

/** The text of a message: its text parts, one per line. Empty for a message without text. */
export function textFromMessageParts(parts: readonly MessagePart[]): string {
  return parts
    .flatMap((part) => (part.type === "text" && typeof part["text"] === "string" ? [part["text"]] : []))
    .join("\n");
}

/** A random UUID (version 4). */
export function createUuid(randomBytes: (count: number) => Uint8Array): string {
  const hex = Array.from(randomBytes(16), (byte, index) => {
    const fixed = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return fixed.toString(16).padStart(2, "0");
  }).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
