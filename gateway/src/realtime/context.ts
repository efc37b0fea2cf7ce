import type { ChatDeps } from "../chat/deps.ts";
import type { FileLinks } from "../files/links.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Fanout } from "./fanout.ts";
import type { Feed } from "./feed/feed.ts";
import type { ChatSocket } from "./io.ts";
import type { Presence } from "./presence/presence.ts";

/** What the handlers of socket events work with. */
export interface RealtimeContext {
  readonly deps: Pick<ChatDeps, "db" | "rateLimiter">;
  readonly fileLinks: FileLinks | undefined;
  readonly fanout: Fanout;
  readonly presence: Presence;
  readonly feed: Pick<Feed, "position">;
  readonly counters: Counters;
}

/** One connected socket: who it is, and what it has open. */
export interface Connection {
  readonly socket: ChatSocket;
  readonly tenantId: string;
  readonly userId: string;
  /** Rooms that this socket joined. */
  readonly openRooms: Set<string>;
}
