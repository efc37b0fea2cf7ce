import * as z from "zod";
import { examples } from "../examples.ts";
import { Timestamp, UserId } from "../objects/common.ts";
import { Message } from "../objects/message.ts";
import { Role, RoomFace } from "../objects/room.ts";

const RoomId = z.string().meta({ description: "`id` of the room", examples: [examples.roomId] });

const RoomOnly = z.object({ roomId: RoomId });

const MissedEvent = z
  .object({
    seq: z.int().meta({ description: "Its place in the room's order", examples: [2] }),
    event: z.string().meta({ description: "Its name", examples: ["new-message"] }),
    payload: z.looseObject({}).meta({ description: "Its payload", examples: [examples.message] }),
  })
  .meta({ id: "MissedEvent", description: "An event that a client missed, as it would have come live" });

const ResumedRoom = z
  .object({
    roomId: RoomId,
    reset: z.boolean().meta({
      description: "True: too much was missed, or the room is not the caller's any more; read it anew",
      examples: [false],
    }),
    events: z.array(MissedEvent).meta({ description: "In order of `seq`, without a hole; empty with `reset`" }),
  })
  .meta({ id: "ResumedRoom", description: "What a client missed in one room" });

/** Events from server to client (contract 5.2). */
export const downEvents = {
  error: {
    summary: "A client event was refused, or the session is about to be cut",
    payload: z
      .object({
        message: z.string().meta({ description: "Text for a person", examples: ["Session expired"] }),
        code: z
          .string()
          .optional()
          .meta({ description: "Stable machine code, where there is one", examples: ["unauthorized"] }),
        event: z.string().optional().meta({ description: "The client event that was refused" }),
        roomId: z.string().optional().meta({ description: "The room that it was about" }),
      })
      .meta({ id: "SocketError" }),
  },
  "joined-room": { summary: "Answer to `join-room`", payload: RoomOnly.meta({ id: "JoinedRoom" }) },
  "left-room": { summary: "Answer to `leave-room`", payload: RoomOnly.meta({ id: "LeftRoom" }) },
  resumed: {
    summary: "Answer to `resume`: what was missed in the rooms where something was",
    payload: z
      .object({
        rooms: z.array(ResumedRoom),
        more: z.boolean().meta({
          description: "True: another `resumed` follows. Rooms in none of them missed nothing",
          examples: [false],
        }),
      })
      .meta({ id: "Resumed", description: "What a client missed, by room" }),
  },
  "presence-snapshot": {
    summary: "Who has the joined room open now",
    payload: z.object({ roomId: RoomId, onlineUserIds: z.array(UserId) }).meta({ id: "PresenceSnapshot" }),
  },
  presence: {
    summary: "A user opened or closed the room",
    payload: z.object({ roomId: RoomId, userId: UserId, online: z.boolean() }).meta({ id: "Presence" }),
  },
  "tenant-presence-snapshot": {
    summary: "Who is online in the tenant, the connecting user included; sent on every connect",
    payload: z.object({ onlineUserIds: z.array(UserId) }).meta({ id: "TenantPresenceSnapshot" }),
  },
  "tenant-presence": {
    summary: "A user came online, or went offline some seconds ago",
    payload: z.object({ userId: UserId, online: z.boolean() }).meta({ id: "TenantPresence" }),
  },
  typing: {
    summary: "Another participant types, or stopped",
    payload: z.object({ roomId: RoomId, userId: UserId, isTyping: z.boolean() }).meta({ id: "Typing" }),
  },
  "room-read": {
    summary: "A participant read further",
    payload: z
      .object({
        roomId: RoomId,
        userId: UserId,
        lastReadAt: Timestamp.meta({ description: "`createdAt` of the message read up to" }),
        lastReadMessageId: z
          .string()
          .nullable()
          .meta({ examples: [examples.messageId] }),
      })
      .meta({ id: "RoomRead" }),
  },
  "new-message": {
    summary: "A message was sent, to all participants and all devices, the sender's too",
    payload: Message,
  },
  "message-updated": {
    summary: "A message was edited, deleted, reacted to, pinned or unpinned; the whole message as it stands now",
    payload: Message.extend({
      changeSeq: z
        .int()
        .optional()
        .meta({ description: "Place of this change in the room's order", examples: [3] }),
    }).meta({
      id: "MessageUpdated",
      description: "A message as it stands after a change",
      examples: [{ ...examples.message, changeSeq: 3 }],
    }),
  },
  "room-updated": {
    summary: "The room's name, avatar, type, metadata, `externalId` or freeze changed",
    payload: RoomFace.extend({ roomId: RoomId, seq: z.int().meta({ description: "Place in the room's order" }) }).meta({
      id: "RoomUpdated",
      description: "What a room looks like after a change",
      examples: [examples.roomUpdated],
    }),
  },
  "participant-updated": {
    summary: "A participant's role changed",
    payload: z
      .object({
        roomId: RoomId,
        userId: UserId,
        role: Role,
        actorUserId: z.string().meta({ description: "Who changed it" }),
        seq: z.int().meta({ description: "Place in the room's order" }),
      })
      .meta({ id: "ParticipantUpdated", examples: [examples.participantChange] }),
  },
  "room-participants-changed": {
    summary: "Somebody joined, left or was removed; a new room announces itself to its members with `joined`",
    payload: z
      .object({
        roomId: RoomId,
        action: z.enum(["joined", "left", "removed"]),
        actorUserId: z.string().meta({ description: "Who did it", examples: [examples.userId] }),
        targetUserId: z
          .string()
          .meta({ description: "Who joined, left or was removed", examples: [examples.otherUserId] }),
        seq: z.int().optional().meta({ description: "Place in the room's order" }),
      })
      .meta({ id: "RoomParticipantsChanged" }),
  },
} as const;

export type DownEvents = { readonly [K in keyof typeof downEvents]: z.input<(typeof downEvents)[K]["payload"]> };
export type DownEventName = keyof DownEvents;
