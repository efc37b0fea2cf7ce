import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Cursor, PageLimit, Timestamp, UserId } from "../objects/common.ts";
import { Message, SendMessageBody } from "../objects/message.ts";
import { RoomParams } from "./rooms.ts";

export const sendMessage = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/messages",
  auth: "either",
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
  ],
});

export const listMessages = defineEndpoint({
  method: "GET",
  path: "/chat/rooms/:roomId/messages",
  auth: "either",
  tag: "Messages",
  summary: "List messages, newest first",
  description: "`nextCursor` continues towards older messages and is null at the end.",
  params: RoomParams,
  query: z.object({
    viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }),
    limit: PageLimit(limits.messagePageDefault),
    cursor: Cursor.optional(),
  }),
  statuses: [200],
  response: z
    .object({
      messages: z.array(Message).meta({ description: "Newest first" }),
      nextCursor: z.string().nullable().meta({ description: "`cursor` of the next, older page; null at the end" }),
      peerLastReadAt: Timestamp.nullable().meta({
        description: "Up to when the other participant has read; null in a room of more than two",
      }),
      peerLastDeliveredAt: Timestamp.nullable().meta({
        description: "Up to when messages reached the other participant; null in a room of more than two",
      }),
    })
    .meta({ id: "MessagePage", examples: [examples.messagePage] }),
  errors: ["room_not_found", "invalid_cursor", "cannot_act_as_other_user"],
});
