import type { Message } from "@sendsar/protocol/objects/message";

type Given = Pick<Message, "id" | "roomId" | "seq" | "senderId" | "createdAt" | "parts" | "previewText"> &
  Partial<
    Pick<Message, "clientMessageId" | "parentMessageId" | "parentMessage" | "forwardedFromId" | "forwardedFromSenderId">
  >;

/** A message that was just written: nothing has happened to it yet. */
export const newMessage = (given: Given): Message => ({
  clientMessageId: null,
  parentMessageId: null,
  parentMessage: null,
  editedAt: null,
  deletedAt: null,
  deletedHidden: null,
  reactions: [],
  pinnedAt: null,
  pinnedBy: null,
  forwardedFromId: null,
  forwardedFromSenderId: null,
  ...given,
});
