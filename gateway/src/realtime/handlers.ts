import type { UpEvents } from "@sendsar/protocol/events/up";
import type { Connection, RealtimeContext } from "./context.ts";
import { joinRoom } from "./handlers/join-room.ts";
import { leaveRoom } from "./handlers/leave-room.ts";
import { resume } from "./handlers/resume.ts";
import { typing } from "./handlers/typing.ts";

/** What serves a socket event. A `ChatError` goes back to the socket as `error`. */
export type Handler<E extends keyof UpEvents> = (
  context: RealtimeContext,
  connection: Connection,
  payload: UpEvents[E],
) => Promise<void>;

/** The handler of every event that a client can send: a missing one does not compile. */
export const handlers: { readonly [E in keyof UpEvents]: Handler<E> } = {
  "join-room": joinRoom,
  "leave-room": leaveRoom,
  typing,
  resume,
};
