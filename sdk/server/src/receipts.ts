import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import type {
  DeliveryPointer,
  MarkRoomDeliveredBody,
  MarkRoomReadBody,
  ReadPointer,
  UnreadBody,
  UnreadRooms,
  UnreadTotal,
} from "./wire.ts";

/** How far each participant has read, and what is unread. */
export interface Receipts {
  /** Marks a room as read up to `lastReadMessageId`, or to the newest message; never moves backwards. */
  markRead(roomId: string, read: MarkRoomReadBody, options?: WriteOptions): Promise<ReadPointer>;

  /** Says that messages up to `lastDeliveredMessageId`, or all, have reached a device of the user. */
  markDelivered(roomId: string, delivered: MarkRoomDeliveredBody, options?: WriteOptions): Promise<DeliveryPointer>;

  /** Counts all that a user has not read: for the number on an app's icon or in an e-mail. */
  getUnread(user: { readonly userId: string }, options?: CallOptions): Promise<UnreadTotal>;

  /** Counts what a user has not read, room by room. Rooms that the user is not in are left out. */
  listUnread(rooms: UnreadBody, options?: CallOptions): Promise<UnreadRooms>;
}

/** Creates the calls about receipts. */
export function createReceipts(call: Call): Receipts {
  return {
    markRead: (roomId, body, options) => call("markRoomRead", { params: { roomId }, body }, options),
    markDelivered: (roomId, body, options) => call("markRoomDelivered", { params: { roomId }, body }, options),
    getUnread: (query, options) => call("getUnread", { query }, options),
    listUnread: (body, options) => call("listUnread", { body }, options),
  };
}
