import * as z from "zod";
import { limits } from "../limits.ts";
import { HttpUrl, Metadata, Timestamp, UserId, nonEmptyText } from "./common.ts";
import { AppCode, Username } from "./user.ts";

export const Role = z.enum(["OPERATOR", "MEMBER"]).meta({ id: "Role" });
export type Role = z.infer<typeof Role>;

export const RoomKind = z.enum(["direct", "group"]).meta({ id: "RoomKind" });
export type RoomKind = z.infer<typeof RoomKind>;

export const LastMessage = z
  .object({ previewText: z.string().nullable(), createdAt: Timestamp })
  .meta({ id: "LastMessage" });

/** A room as it stands in a list. `unreadCount` and `lastReadMessageId` are the viewer's. */
export const RoomSummary = z
  .object({
    id: z.uuid(),
    name: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    externalId: z.string().nullable(),
    customType: z.string().nullable(),
    metadata: Metadata.nullable(),
    isFrozen: z.boolean(),
    lastMessage: LastMessage.nullable(),
    unreadCount: z.int().nullable(),
    lastReadMessageId: z.string().nullable(),
    createdAt: Timestamp,
    kind: RoomKind,
    isGroup: z.boolean(),
    lastSeq: z.int().meta({ description: "Number of the latest durable change in the room" }),
  })
  .meta({ id: "RoomSummary" });
export type RoomSummary = z.infer<typeof RoomSummary>;

export const Participant = z
  .object({
    userId: UserId,
    username: z.string(),
    avatarUrl: z.string().nullable(),
    role: Role,
    joinedAt: Timestamp,
    lastReadAt: Timestamp.nullable(),
    lastReadMessageId: z.string().nullable(),
    lastDeliveredAt: Timestamp.nullable(),
  })
  .meta({ id: "Participant" });
export type Participant = z.infer<typeof Participant>;

/** A room with its participants. */
export const RoomDetail = RoomSummary.extend({ participants: z.array(Participant) }).meta({ id: "RoomDetail" });
export type RoomDetail = z.infer<typeof RoomDetail>;

export const NewParticipant = z
  .object({
    id: UserId,
    username: Username.nullish(),
    appCode: AppCode.nullish(),
    role: Role.nullish(),
  })
  .meta({ id: "NewParticipant" });

/** Body of `POST /chat/rooms`. */
export const CreateRoomBody = z
  .object({
    participants: z.array(NewParticipant).min(1).max(limits.roomCreateParticipantsMax),
    name: nonEmptyText(limits.roomNameCharsMax).nullish(),
    externalId: nonEmptyText(limits.externalIdCharsMax).nullish(),
    customType: nonEmptyText(limits.customTypeCharsMax).nullish(),
    metadata: Metadata.nullish(),
    avatarUrl: HttpUrl.nullish(),
    kind: RoomKind.nullish(),
  })
  .refine((room) => new Set(room.participants.map((p) => p.id)).size === room.participants.length, {
    path: ["participants"],
    message: "must not name a user twice",
  })
  .meta({ id: "CreateRoomBody" });
export type CreateRoomBody = z.infer<typeof CreateRoomBody>;
