import * as z from "zod";
import { limits } from "../limits.ts";
import { Timestamp, UserId, nonEmptyText, text } from "./common.ts";

/** One part of a message. The type decides the meaning; unknown types and keys are kept unchanged (contract 4.1). */
export const MessagePart = z.looseObject({ type: z.string() }).meta({
  id: "MessagePart",
  description: "`text` with `text`, `file` with `url`, `data-<name>` with `data`, or any other type, kept unchanged",
  examples: [{ type: "text", text: "Is it still hot?" }],
});
export type MessagePart = z.infer<typeof MessagePart>;

/** What a reply shows of the message it answers. */
export const ParentPreview = z
  .object({
    id: z.string(),
    senderId: UserId,
    parts: z.array(MessagePart),
    previewText: z.string().nullable(),
    deleted: z.boolean(),
  })
  .meta({ id: "ParentPreview" });
export type ParentPreview = z.infer<typeof ParentPreview>;

/** A message, as every endpoint and event carries it. `seq` orders it within its room. */
export const Message = z
  .object({
    id: z.string(),
    roomId: z.string(),
    seq: z.int().meta({ description: "Place in the room's order; strictly increasing, never reused" }),
    senderId: UserId,
    clientMessageId: z.string().nullable(),
    parts: z.array(MessagePart),
    previewText: z.string().nullable(),
    createdAt: Timestamp.meta({ description: "Strictly increasing within a room" }),
    parentMessageId: z.string().nullable(),
    parentMessage: ParentPreview.nullable(),
    editedAt: Timestamp.nullable(),
    deletedAt: Timestamp.nullable(),
    deletedHidden: z.boolean().nullable(),
    reactions: z.array(z.object({ userId: UserId, emoji: z.string() })),
    pinnedAt: Timestamp.nullable(),
    pinnedBy: z.string().nullable(),
    forwardedFromId: z.string().nullable(),
    forwardedFromSenderId: z.string().nullable(),
  })
  .meta({ id: "Message" });
export type Message = z.infer<typeof Message>;

/** Part types that only the server writes. */
export const reservedPartTypes: readonly string[] = ["data-call", "data-membership"];

/** A part as a client may send it. */
export const NewMessagePart = z
  .looseObject({ type: nonEmptyText(limits.partTypeCharsMax) })
  .superRefine((part, context) => {
    if (part.type === "text" && !text(limits.messageTextCharsMax).safeParse(part["text"]).success) {
      context.addIssue({
        code: "custom",
        path: ["text"],
        message: `must be text of at most ${limits.messageTextCharsMax} characters`,
      });
    }
    if (part.type === "file" && part["uploadId"] == null && !isHttpUrl(part["url"])) {
      context.addIssue({ code: "custom", path: ["url"], message: "must be an http or https URL" });
    }
  });

const isHttpUrl = (value: unknown): boolean =>
  typeof value === "string" &&
  value.length <= limits.urlCharsMax &&
  /^https?:\/\//i.test(value) &&
  URL.canParse(value);

/** Body of `POST /chat/rooms/:roomId/messages`. */
export const SendMessageBody = z
  .object({
    senderId: UserId.nullish(),
    parts: z.array(NewMessagePart).min(1).max(limits.messagePartsMax),
    clientMessageId: nonEmptyText(limits.clientMessageIdCharsMax).nullish(),
    parentMessageId: nonEmptyText(limits.clientMessageIdCharsMax).nullish(),
  })
  .meta({ id: "SendMessageBody" });
export type SendMessageBody = z.infer<typeof SendMessageBody>;
