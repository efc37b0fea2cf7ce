import type { Message, SendMessageBody } from "../src/wire.ts";

/** The `seq`-th message of a room. */
export function toMessage(seq: number, roomId: string, senderId: string, body: Partial<SendMessageBody> = {}): Message {
  return {
    id: `message-${seq}`,
    roomId,
    seq,
    senderId,
    clientMessageId: body.clientMessageId ?? null,
    parts: body.parts ?? [{ type: "text", text: `text ${seq}` }],
    previewText: null,
    createdAt: new Date(1_800_000_000_000 + seq).toISOString(),
    parentMessageId: body.parentMessageId ?? null,
    parentMessage: null,
    editedAt: null,
    deletedAt: null,
    deletedHidden: null,
    reactions: [],
    pinnedAt: null,
    pinnedBy: null,
    forwardedFromId: null,
    forwardedFromSenderId: null,
  };
}
