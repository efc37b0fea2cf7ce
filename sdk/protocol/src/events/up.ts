import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { UserId } from "../objects/common.ts";

const RoomId = z
  .string()
  .max(64)
  .meta({ description: "`id` of the room", examples: [examples.roomId] });

const SelfId = UserId.nullish().meta({ description: "The token's user, where given" });

/**
 * Events from client to server. None is acknowledged; a refusal comes back as `error`. `userId` must be the token's
 * user where it is given (contract 5.2).
 */
export const upEvents = {
  "join-room": {
    summary: "Say that a room is open: answers `joined-room` and `presence-snapshot`, tells the room `presence`",
    payload: z.object({ roomId: RoomId, userId: SelfId }).meta({ id: "JoinRoom" }),
  },
  "leave-room": {
    summary: "Say that a room is closed: answers `left-room`. A bare room id is accepted too",
    payload: z
      .union([z.object({ roomId: RoomId, userId: SelfId }), RoomId.transform((roomId) => ({ roomId }))])
      .meta({ id: "LeaveRoom" }),
  },
  typing: {
    summary: "Say that the user types, or stopped: relayed to the other participants, never stored",
    payload: z.object({ roomId: RoomId, userId: SelfId, isTyping: z.boolean() }).meta({ id: "TypingUp" }),
  },
  resume: {
    summary: "Say what the client has, by room, after a reconnect: answers `resumed` with what it missed",
    payload: z
      .object({
        rooms: z
          .record(RoomId, z.int().min(0))
          .refine(
            (rooms) => Object.keys(rooms).length <= limits.resumeRoomsMax,
            `must name at most ${limits.resumeRoomsMax} rooms`,
          )
          .meta({
            description: "Room id -> the latest `seq` that the client has of it",
            examples: [{ [examples.roomId]: 2 }],
          }),
      })
      .meta({ id: "Resume", description: "What a client has, by room" }),
  },
} as const;

export type UpEvents = { readonly [K in keyof typeof upEvents]: z.output<(typeof upEvents)[K]["payload"]> };

/** Characters of an event name that the gateway looks at. */
export const upEventNameCharsMax = limits.partTypeCharsMax;
