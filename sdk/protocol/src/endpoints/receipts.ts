import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Timestamp, UserId, nonEmptyText } from "../objects/common.ts";
import { RoomParams } from "./rooms.ts";

export const markRoomRead = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/read",
  auth: "either",
  action: "receipt",
  tag: "Receipts",
  summary: "Mark a room as read up to a message",
  description:
    "Up to `lastReadMessageId`, or to the newest message without one. Never moves backwards. When it moves, the participants get `room-read`. A message that was deleted can be read up to; one that the user has cleared from its history is not found.",
  params: RoomParams,
  body: z
    .object({
      userId: UserId.nullish().meta({
        description: "Required with an API key; with a session token it must be the token's user",
      }),
      lastReadMessageId: nonEmptyText(limits.clientMessageIdCharsMax)
        .nullish()
        .meta({ description: "The newest message that was read; the newest in the room when left out" }),
    })
    .meta({ id: "MarkRoomReadBody", examples: [examples.markRoomReadBody] }),
  statuses: [200],
  response: z
    .object({
      roomId: z.string(),
      userId: UserId,
      lastReadAt: Timestamp.nullable().meta({
        description: "`createdAt` of the message read up to; null if nothing was read yet",
      }),
      lastReadMessageId: z.string().nullable(),
      unreadCount: z
        .int()
        .meta({ description: "Messages by others after the pointer, without those that were deleted" }),
    })
    .meta({ id: "ReadPointer", examples: [examples.readPointer] }),
  errors: ["room_not_found", "message_not_found", "actor_required", "cannot_act_as_other_user", "not_a_participant"],
});

export const markRoomDelivered = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/delivery",
  auth: "either",
  action: "receipt",
  tag: "Receipts",
  summary: "Say that messages have reached a device",
  description:
    "Up to `lastDeliveredMessageId`, or to the newest message without one. Never moves backwards. What is read has been delivered. Nobody is told on a socket: the other one of two people sees it as `peerLastDeliveredAt`.",
  params: RoomParams,
  body: z
    .object({
      userId: UserId.nullish().meta({
        description: "Required with an API key; with a session token it must be the token's user",
      }),
      lastDeliveredMessageId: nonEmptyText(limits.clientMessageIdCharsMax)
        .nullish()
        .meta({ description: "The newest message that arrived; the newest in the room when left out" }),
    })
    .meta({
      id: "MarkRoomDeliveredBody",
      examples: [{ userId: examples.userId, lastDeliveredMessageId: examples.messageId }],
    }),
  statuses: [200],
  response: z
    .object({
      roomId: z.string(),
      userId: UserId,
      lastDeliveredAt: Timestamp.nullable().meta({
        description: "`createdAt` of the newest message delivered; null if there is none yet",
      }),
      lastDeliveredMessageId: z.string().nullable(),
    })
    .meta({ id: "DeliveryPointer", examples: [examples.deliveryPointer] }),
  errors: ["room_not_found", "message_not_found", "actor_required", "cannot_act_as_other_user", "not_a_participant"],
});

const Viewer = UserId.nullish().meta({
  description: "Required with an API key; with a session token it must be the token's user",
});

export const getUnread = defineEndpoint({
  method: "GET",
  path: "/chat/unread",
  auth: "either",
  action: "read",
  tag: "Receipts",
  summary: "Count all that a user has not read",
  description:
    "Unread are the messages by others after the user's read pointer, without those that were deleted and without lines about membership. A conversation that the user deleted for itself adds nothing until its next message. A user that does not exist has nothing unread.",
  query: z.object({
    userId: UserId.optional().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
  }),
  statuses: [200],
  response: z
    .object({
      userId: UserId,
      unreadCount: z.int().meta({ description: "Unread messages over all rooms in the user's list" }),
      unreadRooms: z.int().meta({ description: "Rooms in which something is unread" }),
    })
    .meta({ id: "UnreadTotal", examples: [examples.unreadTotal] }),
  errors: ["actor_required", "cannot_act_as_other_user"],
});

export const listUnread = defineEndpoint({
  method: "POST",
  path: "/chat/unread",
  auth: "either",
  action: "read",
  tag: "Receipts",
  summary: "Count what a user has not read, room by room",
  description: "Each room once, in the order asked for. Rooms that the user is not in are left out.",
  body: z
    .object({
      userId: Viewer,
      roomIds: z.array(z.string().max(limits.pathParamCharsMax)).min(1).max(limits.unreadRoomsMax),
    })
    .meta({ id: "UnreadBody", examples: [{ roomIds: [examples.roomId] }] }),
  statuses: [200],
  response: z
    .object({
      rooms: z.array(
        z
          .object({
            roomId: z.string(),
            unreadCount: z.int(),
            lastReadMessageId: z.string().nullable(),
          })
          .meta({ id: "UnreadRoom", description: "What is unread in a room", examples: [examples.unreadRoom] }),
      ),
    })
    .meta({ id: "UnreadRooms", examples: [{ rooms: [examples.unreadRoom] }] }),
  errors: ["actor_required", "cannot_act_as_other_user"],
});
