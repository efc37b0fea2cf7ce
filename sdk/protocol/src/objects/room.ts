import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { HttpUrl, Metadata, Timestamp, UserId, nonEmptyText } from "./common.ts";
import { AppCode, Username } from "./user.ts";

export const Role = z.enum(["OPERATOR", "MEMBER"]).meta({
  id: "Role",
  description: "`OPERATOR` adds and removes others, `MEMBER` does not",
});
export type Role = z.infer<typeof Role>;

export const RoomKind = z.enum(["direct", "group"]).meta({
  id: "RoomKind",
  description: "`direct` is a conversation of two, `group` is everything else",
});
export type RoomKind = z.infer<typeof RoomKind>;

export const LastMessage = z.object({ previewText: z.string().nullable(), createdAt: Timestamp }).meta({
  id: "LastMessage",
  description: "What a list shows of the newest message",
  examples: [examples.room.lastMessage],
});

/** What a room looks like, the same for everybody in it. */
export const RoomFace = z.object({
  name: z.string().nullable(),
  avatarUrl: z.string().nullable(),
  externalId: z.string().nullable(),
  customType: z.string().nullable(),
  metadata: Metadata.nullable(),
  isFrozen: z.boolean(),
});
export type RoomFace = z.infer<typeof RoomFace>;

/** A room as it stands in a list. `unreadCount` and `lastReadMessageId` are the viewer's. */
export const RoomSummary = z
  .object({
    id: z.uuid(),
    name: z
      .string()
      .nullable()
      .meta({ description: "Usually null in a direct room: each side shows the other's name" }),
    avatarUrl: z.string().nullable(),
    externalId: z
      .string()
      .nullable()
      .meta({ description: "The integrator's own id of the room, unique in the tenant" }),
    customType: z.string().nullable().meta({ description: "Free text of the integrator, to filter lists by" }),
    metadata: Metadata.nullable(),
    isFrozen: z.boolean().meta({ description: "Whether only an API key can send" }),
    lastMessage: LastMessage.nullable().meta({
      description: "Null in an empty room, and for a viewer who has cleared it",
    }),
    unreadCount: z
      .int()
      .nullable()
      .meta({ description: "Messages by others that the viewer has not read; null without a viewer" }),
    lastReadMessageId: z
      .string()
      .nullable()
      .meta({ description: "Up to where the viewer has read; null without a viewer" }),
    createdAt: Timestamp,
    kind: RoomKind,
    isGroup: z.boolean().meta({ description: "True if `kind` is `group`" }),
    lastSeq: z.int().meta({ description: "Number of the latest durable change in the room" }),
  })
  .meta({
    id: "RoomSummary",
    description: "A room as it stands in a list; `unreadCount` and `lastReadMessageId` are the viewer's",
    examples: [examples.room],
  });
export type RoomSummary = z.infer<typeof RoomSummary>;

export const Participant = z
  .object({
    userId: UserId,
    username: z.string(),
    avatarUrl: z.string().nullable(),
    role: Role,
    joinedAt: Timestamp,
    lastReadAt: Timestamp.nullable().meta({
      description: "`createdAt` of the newest message this participant has read",
    }),
    lastReadMessageId: z.string().nullable(),
    lastDeliveredAt: Timestamp.nullable().meta({
      description: "`createdAt` of the newest message that reached a device",
    }),
  })
  .meta({ id: "Participant", description: "A user in a room", examples: [examples.participant] });
export type Participant = z.infer<typeof Participant>;

/** A room with its participants. */
export const RoomDetail = RoomSummary.extend({ participants: z.array(Participant) }).meta({
  id: "RoomDetail",
  description: "A room with its participants",
  examples: [examples.roomDetail],
});
export type RoomDetail = z.infer<typeof RoomDetail>;

export const NewParticipant = z
  .object({
    id: UserId,
    username: Username.nullish().meta({ description: "Name of a user that does not exist yet; its id when left out" }),
    appCode: AppCode.nullish(),
    role: Role.nullish().meta({
      description: "When left out: the first participant of a group is `OPERATOR`, everybody else `MEMBER`",
    }),
  })
  .meta({
    id: "NewParticipant",
    description: "A participant of a room to be made",
    examples: [examples.createRoomBody.participants[0]],
  });

/** Body of `PATCH /chat/rooms/:roomId`. */
export const UpdateRoomBody = z
  .object({
    name: nonEmptyText(limits.roomNameCharsMax).nullish(),
    avatarUrl: HttpUrl.nullish(),
    externalId: nonEmptyText(limits.externalIdCharsMax).nullish(),
    customType: nonEmptyText(limits.customTypeCharsMax).nullish(),
    metadata: Metadata.nullish(),
    isFrozen: z.boolean().optional().meta({ description: "Whether only an API key can send and change messages" }),
  })
  .meta({
    id: "UpdateRoomBody",
    description: "What to change of a room; what is left out stays, null clears a field",
    examples: [examples.updateRoomBody],
  });
export type UpdateRoomBody = z.infer<typeof UpdateRoomBody>;

/** Body of `POST /chat/rooms`. */
export const CreateRoomBody = z
  .object({
    participants: z.array(NewParticipant).min(1).max(limits.roomCreateParticipantsMax),
    name: nonEmptyText(limits.roomNameCharsMax).nullish(),
    externalId: nonEmptyText(limits.externalIdCharsMax).nullish().meta({
      description: "Your own id of the room, unique in the tenant; `dm:<a>:<b>` by convention for two people",
    }),
    customType: nonEmptyText(limits.customTypeCharsMax)
      .nullish()
      .meta({ description: "Free text, to filter lists by" }),
    metadata: Metadata.nullish(),
    avatarUrl: HttpUrl.nullish(),
    kind: RoomKind.nullish().meta({
      description:
        "When left out: `direct` if `externalId` starts with `dm:` or if there are two participants and no name, else `group`",
    }),
  })
  .refine((room) => new Set(room.participants.map((p) => p.id)).size === room.participants.length, {
    path: ["participants"],
    message: "must not name a user twice",
  })
  .meta({ id: "CreateRoomBody", examples: [examples.createRoomBody] });
export type CreateRoomBody = z.infer<typeof CreateRoomBody>;
