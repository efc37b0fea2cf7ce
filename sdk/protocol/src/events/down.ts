import * as z from "zod";
import { Timestamp, UserId } from "../objects/common.ts";
import { Message } from "../objects/message.ts";

const RoomOnly = z.object({ roomId: z.string() });

/** Events from server to client (contract 5.2). */
export const downEvents = {
  error: {
    summary: "A client event was refused, or the session is about to be cut",
    payload: z.object({ message: z.string(), code: z.string().optional() }).meta({ id: "SocketError" }),
  },
  "joined-room": { summary: "Answer to `join-room`", payload: RoomOnly.meta({ id: "JoinedRoom" }) },
  "left-room": { summary: "Answer to `leave-room`", payload: RoomOnly.meta({ id: "LeftRoom" }) },
  "presence-snapshot": {
    summary: "Who has the joined room open now",
    payload: z.object({ roomId: z.string(), onlineUserIds: z.array(UserId) }).meta({ id: "PresenceSnapshot" }),
  },
  presence: {
    summary: "A user opened or closed the room",
    payload: z.object({ roomId: z.string(), userId: UserId, online: z.boolean() }).meta({ id: "Presence" }),
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
    payload: z.object({ roomId: z.string(), userId: UserId, isTyping: z.boolean() }).meta({ id: "Typing" }),
  },
  "room-read": {
    summary: "A participant read further",
    payload: z
      .object({
        roomId: z.string(),
        userId: UserId,
        lastReadAt: Timestamp,
        lastReadMessageId: z.string().nullable(),
      })
      .meta({ id: "RoomRead" }),
  },
  "new-message": { summary: "A message was sent, to all participants and all devices, the sender's too", payload: Message },
  "room-participants-changed": {
    summary: "Somebody joined, left or was removed; a new room announces itself to its members with `joined`",
    payload: z
      .object({
        roomId: z.string(),
        action: z.enum(["joined", "left", "removed"]),
        actorUserId: z.string(),
        targetUserId: z.string(),
      })
      .meta({ id: "RoomParticipantsChanged" }),
  },
} as const;

export type DownEvents = { readonly [K in keyof typeof downEvents]: z.input<(typeof downEvents)[K]["payload"]> };
export type DownEventName = keyof DownEvents;
