import type { DownEvents } from "@sendsar/protocol/events/down";
import type { LogEvent } from "../store/log.ts";

/**
 * How the chat functions tell those who are connected. Calls come after the commit and never fail the act they tell
 * of: what is announced is on disk, and who misses it reads it there.
 */
export interface Announcer {
  /** Events of one tenant that were just committed, each room's in `seq` order. */
  committed(tenantId: string, events: readonly LogEvent[]): void;
  /** A participant read further. Not in the log: the pointer itself is on disk. */
  roomRead(tenantId: string, read: DownEvents["room-read"]): void;
}
