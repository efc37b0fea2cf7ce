import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
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
    viewerId: UserId.optional(),
    limit: PageLimit(limits.messagePageDefault),
    cursor: Cursor.optional(),
  }),
  statuses: [200],
  response: z
    .object({
      messages: z.array(Message),
      nextCursor: z.string().nullable(),
      peerLastReadAt: Timestamp.nullable(),
      peerLastDeliveredAt: Timestamp.nullable(),
    })
    .meta({ id: "MessagePage" }),
  errors: ["room_not_found", "invalid_cursor", "cannot_act_as_other_user"],
});
