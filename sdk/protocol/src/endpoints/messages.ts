import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Cursor, PageLimit, Timestamp, UserId, nonEmptyText } from "../objects/common.ts";
import { Message, NewMessagePart, SendMessageBody } from "../objects/message.ts";
import { RoomParams } from "./rooms.ts";

/** Path parameters of everything about a message. A text that is no UUID answers as an unknown message does. */
const MessageParams = RoomParams.extend({
  messageId: z
    .string()
    .max(limits.pathParamCharsMax)
    .meta({ description: "`id` of the message", examples: [examples.messageId] }),
});

const MessageRef = nonEmptyText(limits.clientMessageIdCharsMax);

const Actor = UserId.nullish().meta({
  description: "Required with an API key; with a session token it must be the token's user",
});

export const sendMessage = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/messages",
  auth: "either",
  action: "send-message",
  tag: "Messages",
  summary: "Send a message",
  description:
    "The answer comes after the message is on disk. A repeat with the same `clientMessageId` by the same sender in the same room answers 200 with the first message and announces nothing.",
  params: RoomParams,
  body: SendMessageBody,
  statuses: [201, 200],
  response: Message,
  errors: [
    "room_not_found",
    "actor_required",
    "cannot_act_as_other_user",
    "not_a_participant",
    "room_frozen",
    "reserved_part_type",
    "parent_not_found",
    "upload_not_usable",
  ],
});

export const listMessages = defineEndpoint({
  method: "GET",
  path: "/chat/rooms/:roomId/messages",
  auth: "either",
  action: "read",
  tag: "Messages",
  summary: "List messages, newest first",
  description:
    "`nextCursor` continues towards older messages and is null at the end. With `around`, the page has messages on both sides of one; with `after`, the oldest that are newer, newest of them first; `previousCursor` then continues towards newer messages. At most one of `cursor`, `before`, `after` and `around` may be given.",
  params: RoomParams,
  query: z
    .object({
      viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }),
      limit: PageLimit(limits.messagePageDefault),
      cursor: Cursor.optional(),
      before: MessageRef.optional().meta({ description: "Id of a message: those that are older" }),
      after: MessageRef.optional().meta({ description: "Id of a message: those that are newer" }),
      around: MessageRef.optional().meta({ description: "Id of a message: it, and those around it" }),
    })
    .refine(({ cursor, before, after, around }) => {
      return [cursor, before, after, around].filter((place) => place !== undefined).length <= 1;
    }, "must have at most one of cursor, before, after and around"),
  statuses: [200],
  response: z
    .object({
      messages: z.array(Message).meta({ description: "Newest first" }),
      nextCursor: z.string().nullable().meta({ description: "`cursor` of the next, older page; null at the end" }),
      previousCursor: z
        .string()
        .nullable()
        .meta({ description: "`cursor` of the newer page; null when there is nothing newer" }),
      lastSeq: z.int().meta({
        description:
          "Number of the latest durable change in the room that the page is sure to show; `resume` from there",
      }),
      peerLastReadAt: Timestamp.nullable().meta({
        description: "Up to when the other participant has read; null in a room of more than two",
      }),
      peerLastDeliveredAt: Timestamp.nullable().meta({
        description: "Up to when messages reached the other participant; null in a room of more than two",
      }),
    })
    .meta({ id: "MessagePage", examples: [examples.messagePage] }),
  errors: ["room_not_found", "message_not_found", "invalid_cursor", "cannot_act_as_other_user"],
});

export const getMessage = defineEndpoint({
  method: "GET",
  path: "/chat/rooms/:roomId/messages/:messageId",
  auth: "either",
  action: "read",
  tag: "Messages",
  summary: "Read a message",
  params: MessageParams,
  query: z.object({ viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }) }),
  statuses: [200],
  response: Message,
  errors: ["room_not_found", "message_not_found", "cannot_act_as_other_user"],
});

export const editMessage = defineEndpoint({
  method: "PATCH",
  path: "/chat/rooms/:roomId/messages/:messageId",
  auth: "either",
  action: "change-message",
  tag: "Messages",
  summary: "Replace the parts of a message",
  description: "Possible for its author, and with an API key.",
  params: MessageParams,
  body: z
    .object({ userId: Actor, parts: z.array(NewMessagePart).min(1).max(limits.messagePartsMax) })
    .meta({ id: "EditMessageBody", examples: [examples.editMessageBody] }),
  statuses: [200],
  response: Message,
  errors: [
    "room_not_found",
    "message_not_found",
    "actor_required",
    "cannot_act_as_other_user",
    "not_a_participant",
    "author_required",
    "room_frozen",
    "reserved_part_type",
    "upload_not_usable",
    "message_deleted",
    "message_not_changeable",
  ],
});

export const deleteMessage = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId/messages/:messageId",
  auth: "either",
  action: "change-message",
  tag: "Messages",
  summary: "Delete a message for everybody",
  description:
    "Possible for its author, for an operator of the room, and with an API key. What it said is gone; its place stays, with `deletedAt`. Repeating it changes nothing.",
  params: MessageParams,
  query: z.object({
    userId: UserId.optional().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
  }),
  statuses: [200],
  response: Message,
  errors: [
    "room_not_found",
    "message_not_found",
    "actor_required",
    "cannot_act_as_other_user",
    "not_a_participant",
    "author_required",
    "room_frozen",
    "message_not_changeable",
  ],
});

/** What can go wrong with every change of a message that each participant may make. */
const changeErrors = [
  "room_not_found",
  "message_not_found",
  "actor_required",
  "cannot_act_as_other_user",
  "not_a_participant",
  "room_frozen",
  "message_deleted",
] as const;

export const toggleReaction = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/messages/:messageId/reactions",
  auth: "either",
  action: "change-message",
  tag: "Messages",
  summary: "Put a reaction on a message, or take it off",
  description: "The first time it is put on, the second time it is taken off.",
  params: MessageParams,
  body: z
    .object({
      userId: Actor,
      emoji: nonEmptyText(limits.emojiCharsMax).meta({
        description: "An emoji, or any short text",
        examples: [examples.emoji],
      }),
    })
    .meta({ id: "ReactionBody", examples: [{ userId: examples.userId, emoji: examples.emoji }] }),
  statuses: [200],
  response: Message,
  errors: [...changeErrors, "too_many_reactions"],
});

export const pinMessage = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/messages/:messageId/pin",
  auth: "either",
  action: "change-message",
  tag: "Messages",
  summary: "Pin a message",
  description: "A message that is pinned already stays as it is, and nobody is told.",
  params: MessageParams,
  body: z.object({ userId: Actor }).meta({ id: "PinBody", examples: [{ userId: examples.userId }] }),
  statuses: [200],
  response: Message,
  errors: [...changeErrors, "too_many_pins"],
});

export const unpinMessage = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId/messages/:messageId/pin",
  auth: "either",
  action: "change-message",
  tag: "Messages",
  summary: "Unpin a message",
  params: MessageParams,
  query: z.object({
    userId: UserId.optional().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
  }),
  statuses: [200],
  response: Message,
  errors: changeErrors,
});

export const listPinnedMessages = defineEndpoint({
  method: "GET",
  path: "/chat/rooms/:roomId/pinned-messages",
  auth: "either",
  action: "read",
  tag: "Messages",
  summary: "List the pinned messages of a room, latest pin first",
  params: RoomParams,
  query: z.object({ viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }) }),
  statuses: [200],
  response: z
    .object({ messages: z.array(Message) })
    .meta({ id: "PinnedMessages", examples: [{ messages: [examples.message] }] }),
  errors: ["room_not_found", "cannot_act_as_other_user"],
});

export const forwardMessage = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/messages/:messageId/forward",
  auth: "either",
  action: "send-message",
  tag: "Messages",
  summary: "Forward a message to other rooms",
  description:
    "The acting user must be in the message's room and in all of the others; if one refuses, nothing is sent. The copies name the message and the author of the first of them. Files are shared, not copied.",
  params: MessageParams,
  body: z
    .object({
      userId: Actor,
      targetRoomIds: z
        .array(z.string().max(limits.pathParamCharsMax))
        .min(1)
        .max(limits.forwardRoomsMax)
        .refine((ids) => new Set(ids).size === ids.length, "must not name a room twice"),
    })
    .meta({ id: "ForwardBody", examples: [examples.forwardBody] }),
  statuses: [201],
  response: z
    .object({ messages: z.array(Message).meta({ description: "The copies, in the order of `targetRoomIds`" }) })
    .meta({ id: "ForwardedMessages", examples: [{ messages: [examples.message] }] }),
  errors: [...changeErrors, "message_not_changeable", "upload_not_usable"],
});
