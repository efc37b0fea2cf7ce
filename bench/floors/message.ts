import type { Message } from "@sendsar/protocol/objects/message";

/** A message as the contract has it. Every subject sends the same fields, so that all move the same bytes. */
export type BenchMessage = Message;

type Given = Pick<BenchMessage, "id" | "roomId" | "seq" | "senderId" | "createdAt"> & {
  readonly parts: readonly { readonly type: string; readonly text: string }[];
};

const previewCharsMax = 140;

/** A message to which nothing has happened yet. */
export const toMessage = ({ parts, ...given }: Given): BenchMessage => ({
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
  parts: [...parts],
  previewText: parts[0]?.text.slice(0, previewCharsMax) ?? null,
});
