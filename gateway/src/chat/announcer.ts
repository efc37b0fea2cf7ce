import type { DownEvents } from "@sendsar/protocol/events/down";
import type { Message } from "@sendsar/protocol/objects/message";

/**
 * How the chat functions tell those who are connected. Calls come after the commit and never fail the act they tell
 * of: what is announced is on disk, and who misses it reads it there.
 */
export interface Announcer {
  /** Messages of one tenant, each room's in `seq` order. */
  messagesStored(tenantId: string, messages: readonly Message[]): void;
  /** A room is there; its participants hear of it and get its events from now on. */
  roomCreated(tenantId: string, roomId: string, userIds: readonly string[]): void;
  roomRead(tenantId: string, read: DownEvents["room-read"]): void;
}
