import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Cursor, PageLimit, Timestamp, UserId, nonEmptyText } from "../objects/common.ts";
import { Username } from "../objects/user.ts";
import { CreateRoomBody, RoomDetail, RoomSummary } from "../objects/room.ts";

/** Path parameter of everything inside a room. A text that is no UUID answers as an unknown room does. */
export const RoomParams = z.object({
  roomId: z
    .string()
    .max(limits.pathParamCharsMax)
    .meta({ description: "`id` of the room", examples: [examples.roomId] }),
});

export const createRoom = defineEndpoint({
  method: "POST",
  path: "/chat/rooms",
  auth: "apiKey",
  tag: "Rooms",
  summary: "Create a room",
  description:
    "Participants that do not exist yet are created. With an `externalId` that is taken, the existing room is answered with 200 and nothing changes, so this is safe to repeat and to race.",
  body: CreateRoomBody,
  bodyBytesMax: limits.roomCreateBodyBytesMax,
  statuses: [201, 200],
  response: RoomDetail,
  errors: ["api_key_required", "too_many_rooms"],
});

export const listRooms = defineEndpoint({
  method: "GET",
  path: "/chat/rooms",
  auth: "either",
  tag: "Rooms",
  summary: "List rooms, latest activity first",
  description: "With a session token: the caller's rooms. With an API key: all rooms, or those of `participantId`.",
  query: z.object({
    participantId: UserId.optional().meta({
      description: "Only rooms of this user; with a session token it must be the token's user",
    }),
    externalId: nonEmptyText(limits.externalIdCharsMax)
      .optional()
      .meta({ description: "Only the room with this `externalId`" }),
    customTypesFilter: nonEmptyText(limits.customTypesFilterMax * (limits.customTypeCharsMax + 1))
      .transform((value) => value.split(",").filter((type) => type !== ""))
      .refine(
        (types) => types.length <= limits.customTypesFilterMax,
        `must name at most ${limits.customTypesFilterMax} types`,
      )
      .optional()
      .meta({ description: "Only rooms of these custom types, separated by commas" }),
    limit: PageLimit(limits.pageDefault),
    cursor: Cursor.optional(),
  }),
  statuses: [200],
  response: z
    .object({
      rooms: z.array(RoomSummary),
      nextCursor: z.string().nullable().meta({ description: "`cursor` of the next page; null at the end" }),
    })
    .meta({ id: "RoomPage", examples: [{ rooms: [examples.room], nextCursor: null }] }),
  errors: ["invalid_cursor", "cannot_act_as_other_user"],
});

export const getRoom = defineEndpoint({
  method: "GET",
  path: "/chat/rooms/:roomId",
  auth: "either",
  tag: "Rooms",
  summary: "Read a room with its participants",
  params: RoomParams,
  query: z.object({ viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }) }),
  statuses: [200],
  response: RoomDetail,
  errors: ["room_not_found", "cannot_act_as_other_user"],
});

export const markRoomRead = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/read",
  auth: "either",
  tag: "Rooms",
  summary: "Mark a room as read up to a message",
  description: "Up to `lastReadMessageId`, or to the newest message without one. Never moves backwards.",
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
      unreadCount: z.int().meta({ description: "Messages by others after the pointer" }),
    })
    .meta({ id: "ReadPointer", examples: [examples.readPointer] }),
  errors: ["room_not_found", "message_not_found", "actor_required", "cannot_act_as_other_user", "not_a_participant"],
});

export const addParticipant = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/participants",
  auth: "either",
  tag: "Rooms",
  summary: "Add a participant",
  description:
    "A user that does not exist yet is created. Who is a participant already stays one, and nobody is told. With a session token the caller must be an operator.",
  params: RoomParams,
  body: z
    .object({
      userId: UserId,
      username: Username.nullish(),
      actorUserId: UserId.nullish().meta({ description: "In whose name; the caller, or with an API key `userId`" }),
    })
    .meta({ id: "AddParticipantBody", description: "Body of `POST /chat/rooms/:roomId/participants`" }),
  statuses: [200],
  response: RoomDetail,
  errors: [
    "room_not_found",
    "user_not_found",
    "cannot_act_as_other_user",
    "operator_required",
    "direct_room",
    "room_full",
  ],
});

export const removeParticipant = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId/participants/:userId",
  auth: "either",
  tag: "Rooms",
  summary: "Remove a participant, or leave",
  description:
    "Everybody may leave; removing somebody else with a session token needs an operator. The last operator who goes is followed by who has been there longest. Answers the room as it stands without them.",
  params: RoomParams.extend({
    userId: UserId.meta({ description: "Who goes", examples: [examples.otherUserId] }),
  }),
  query: z.object({
    actorUserId: UserId.optional().meta({
      description: "In whose name; the caller, or with an API key the one who goes",
    }),
  }),
  statuses: [200],
  response: RoomDetail,
  errors: [
    "room_not_found",
    "participant_not_found",
    "user_not_found",
    "cannot_act_as_other_user",
    "operator_required",
    "direct_room",
  ],
});
