import type { UpEvents } from "@sendsar/protocol/events/up";
import type { Handler } from "./handler.ts";
import { joinRoom } from "./handlers/join-room.ts";
import { leaveRoom } from "./handlers/leave-room.ts";
import { resume } from "./handlers/resume.ts";
import { typing } from "./handlers/typing.ts";

/** The handler of every event that a client can send: a missing one does not compile. */
export const handlers: { readonly [E in keyof UpEvents]: Handler<E> } = {
  "join-room": joinRoom,
  "leave-room": leaveRoom,
  typing,
  resume,
};
