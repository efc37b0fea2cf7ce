import type { UpEvents } from "@sendsar/protocol/events/up";
import type { Connection, RealtimeContext } from "./context.ts";

/** What serves a socket event. A `ChatError` goes back to the socket as `error`. */
export type Handler<E extends keyof UpEvents> = (
  context: RealtimeContext,
  connection: Connection,
  payload: UpEvents[E],
) => Promise<void>;
