import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Timestamp, UserId, nonEmptyText, text } from "./common.ts";

/** One part of a message. The type decides the meaning; unknown types and keys are kept unchanged (contract 4.1). */
export const MessagePart = z.looseObject({ type: z.string() }).meta({
  id: "MessagePart",
  description: "`text` with `text`, `file` with `url`, `data-<name>` with `data`, or any other type, kept unchanged",
  examples: examples.parts,
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
  .meta({
    id: "ParentPreview",
    description: "What a reply shows of the message it answers",
    examples: [examples.parentMessage],
  });
export type ParentPreview = z.infer<typeof ParentPreview>;

/** A message, as every endpoint and event carries it. `seq` orders it within its room. */
export const Message = z
  .object({
    id: z.string(),
    roomId: z.string(),
    seq: z.int().meta({ description: "Place in the room's order; strictly increasing, never reused" }),
    senderId: UserId,
    clientMessageId: z.string().nullable().meta({ description: "What the sender supplied" }),
    parts: z.array(MessagePart).meta({ description: "Never null; empty once deleted" }),
    previewText: z
      .string()
      .nullable()
      .meta({ description: `One line for lists, at most ${limits.previewCharsMax} characters` }),
    createdAt: Timestamp.meta({ description: "Strictly increasing within a room" }),
    parentMessageId: z.string().nullable().meta({ description: "The message this one answers" }),
    parentMessage: ParentPreview.nullable(),
    editedAt: Timestamp.nullable(),
    deletedAt: Timestamp.nullable(),
    deletedHidden: z.boolean().nullable().meta({ description: "True if a deleted message must not be shown at all" }),
    reactions: z
      .array(z.object({ userId: UserId, emoji: z.string() }))
      .meta({ description: "One entry per user and emoji" }),
    pinnedAt: Timestamp.nullable(),
    pinnedBy: z.string().nullable().meta({ description: "Id of the user who pinned it" }),
    forwardedFromId: z.string().nullable().meta({ description: "The message this one is a copy of" }),
    forwardedFromSenderId: z
      .string()
      .nullable()
      .meta({ description: "Id of the user who wrote the first of the copies" }),
  })
  .meta({
    id: "Message",
    description: "A message, as every endpoint and event carries it. `seq` orders it within its room",
    examples: [examples.message],
  });
export type Message = z.infer<typeof Message>;

/** Part types that only the server writes. */
export const reservedPartTypes: readonly string[] = ["data-call", "data-membership"];

/** Made once: making a schema costs more than using it. */
const MessageText = text(limits.messageTextCharsMax);

/** A part as a client may send it. */
export const NewMessagePart = z
  .looseObject({ type: nonEmptyText(limits.partTypeCharsMax) })
  .superRefine((part, context) => {
    if (part.type === "text" && !MessageText.safeParse(part["text"]).success) {
      context.addIssue({
        code: "custom",
        path: ["text"],
        message: `must be text of at most ${limits.messageTextCharsMax} characters`,
      });
    }
    if (part.type === "file" && part["uploadId"] == null && !isHttpUrl(part["url"])) {
      context.addIssue({ code: "custom", path: ["url"], message: "must be an http or https URL" });
    }
  })
  .meta({
    description:
      "`text` with `text`, `file` with `url`, `data-<name>` with `data`, or any other type. Unknown types and keys are kept unchanged",
    examples: examples.parts,
  });

const isHttpUrl = (value: unknown): boolean =>
  typeof value === "string" && value.length <= limits.urlCharsMax && /^https?:\/\//i.test(value) && URL.canParse(value);

/** Body of `POST /chat/rooms/:roomId/messages`. */
export const SendMessageBody = z
  .object({
    senderId: UserId.nullish().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
    parts: z.array(NewMessagePart).min(1).max(limits.messagePartsMax),
    clientMessageId: nonEmptyText(limits.clientMessageIdCharsMax)
      .nullish()
      .meta({ description: "Your own id of the message, a UUID for example; makes a repeat safe" }),
    parentMessageId: nonEmptyText(limits.clientMessageIdCharsMax)
      .nullish()
      .meta({ description: "The message of the same room that this one answers" }),
  })
  .meta({ id: "SendMessageBody", examples: [examples.sendMessageBody] });
export type SendMessageBody = z.infer<typeof SendMessageBody>;
