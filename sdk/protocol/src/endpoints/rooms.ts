import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Cursor, PageLimit, Timestamp, UserId, nonEmptyText } from "../objects/common.ts";
import { Username } from "../objects/user.ts";
import { CreateRoomBody, Role, RoomDetail, RoomSummary, UpdateRoomBody } from "../objects/room.ts";

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
  action: "write",
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
  action: "read",
  tag: "Rooms",
  summary: "List rooms, latest activity first",
  description:
    "With a session token: the caller's rooms. With an API key: all rooms, or those of `participantId`. A user's list leaves out conversations that the user deleted, until their next message. While you page, a room that nothing happens to comes exactly once. One that gets a message moves to the top of the list and may come on no later page: connected clients hear of it, others find it when they read from the top again.",
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
  action: "read",
  tag: "Rooms",
  summary: "Read a room with its participants",
  params: RoomParams,
  query: z.object({ viewerId: UserId.optional().meta({ description: "With an API key: whose view to answer" }) }),
  statuses: [200],
  response: RoomDetail,
  errors: ["room_not_found", "cannot_act_as_other_user"],
});

export const updateRoom = defineEndpoint({
  method: "PATCH",
  path: "/chat/rooms/:roomId",
  auth: "apiKey",
  action: "write",
  tag: "Rooms",
  summary: "Change a room",
  description:
    "Fields that are left out stay; null clears one. In a frozen room only an API key can send or change messages. The participants' clients hear of it by `room-updated`.",
  params: RoomParams,
  body: UpdateRoomBody,
  statuses: [200],
  response: RoomDetail,
  errors: ["api_key_required", "room_not_found", "external_id_taken"],
});

export const deleteRoom = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId",
  auth: "apiKey",
  action: "write",
  tag: "Rooms",
  summary: "Delete a room with its messages, for everybody",
  description:
    "Its participants are told that they were removed. From then on the room is not there for anybody, and its `externalId` is free again.",
  params: RoomParams,
  statuses: [200],
  response: z
    .object({ ok: z.literal(true), roomId: z.string() })
    .meta({ id: "DeletedRoom", examples: [examples.deletedRoom] }),
  errors: ["api_key_required", "room_not_found"],
});

export const updateParticipant = defineEndpoint({
  method: "PATCH",
  path: "/chat/rooms/:roomId/participants/:userId",
  auth: "either",
  action: "write",
  tag: "Rooms",
  summary: "Change a participant's role",
  description:
    "With a session token the caller must be an operator. The last operator of a group stays one: make somebody else an operator first.",
  params: RoomParams.extend({
    userId: UserId.meta({ description: "Whose role", examples: [examples.otherUserId] }),
  }),
  body: z
    .object({
      role: Role,
      actorUserId: UserId.nullish().meta({ description: "In whose name; the caller, or with an API key `userId`" }),
    })
    .meta({ id: "UpdateParticipantBody", examples: [{ role: "OPERATOR" }] }),
  statuses: [200],
  response: RoomDetail,
  errors: [
    "room_not_found",
    "participant_not_found",
    "user_not_found",
    "cannot_act_as_other_user",
    "operator_required",
    "direct_room",
    "last_operator",
  ],
});

const ActorBody = z
  .object({
    userId: UserId.nullish().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
  })
  .meta({ id: "ActorBody", description: "In whose name", examples: [{ userId: examples.userId }] });

export const clearHistory = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/clear-history",
  auth: "either",
  action: "write",
  tag: "Rooms",
  summary: "Hide all messages up to now from oneself",
  description: "The others keep them. The room is read then, and shows no last message until a new one comes.",
  params: RoomParams,
  body: ActorBody,
  statuses: [200],
  response: z
    .object({ ok: z.literal(true), roomId: z.string(), userId: UserId, clearedAt: Timestamp })
    .meta({ id: "ClearedHistory", examples: [examples.clearedHistory] }),
  errors: ["room_not_found", "actor_required", "cannot_act_as_other_user", "not_a_participant"],
});

export const deleteRoomForMe = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId/for-me",
  auth: "either",
  action: "write",
  tag: "Rooms",
  summary: "Delete a conversation for oneself",
  description:
    "In a group the user leaves. A direct room is taken off the user's list with its messages up to now, and comes back with the next message.",
  params: RoomParams,
  query: z.object({
    userId: UserId.optional().meta({
      description: "Required with an API key; with a session token it must be the token's user",
    }),
  }),
  statuses: [200],
  response: z
    .object({
      ok: z.literal(true),
      roomId: z.string(),
      userId: UserId,
      action: z.enum(["left", "hidden"]),
      left: z.boolean(),
      hidden: z.boolean(),
      clearedAt: Timestamp,
    })
    .meta({ id: "DeletedConversation", examples: [examples.deletedConversation] }),
  errors: ["room_not_found", "actor_required", "cannot_act_as_other_user", "not_a_participant"],
});

export const addParticipant = defineEndpoint({
  method: "POST",
  path: "/chat/rooms/:roomId/participants",
  auth: "either",
  action: "write",
  tag: "Rooms",
  summary: "Add a participant",
  description:
    "A user that does not exist yet is created. Who is a participant already stays one, and nobody is told. Who comes can read all that was written before, and has none of it unread. With a session token the caller must be an operator.",
  params: RoomParams,
  body: z
    .object({
      userId: UserId,
      username: Username.nullish().meta({
        description: "Name of a user that does not exist yet; with an API key also the new name of one that does",
      }),
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
    "too_many_rooms",
  ],
});

export const removeParticipant = defineEndpoint({
  method: "DELETE",
  path: "/chat/rooms/:roomId/participants/:userId",
  auth: "either",
  action: "write",
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
