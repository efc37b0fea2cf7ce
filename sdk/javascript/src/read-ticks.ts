import type { Message, MessagePage } from "./wire.ts";

/** How far a message of one's own has come in a room of two. */
export type Tick = "sent" | "delivered" | "read";

/** Up to when messages reached the other one, and were read: of a page of messages, or of a room subscription. */
export type PeerPointers = Pick<MessagePage, "peerLastReadAt"> & Partial<Pick<MessagePage, "peerLastDeliveredAt">>;

/**
 * How far a message of one's own has come: read when it is not newer than what the other one has read (contract 6). In a
 * room of more than two nobody can tell, and it is "sent".
 *
 * @example
 * import { tickOf } from "@sendsar/chat-sdk-javascript";
 *
 * const page = { peerLastReadAt: "2026-11-22T09:00:00.000Z", peerLastDeliveredAt: "2026-11-22T09:05:00.000Z" };
 * console.log(tickOf({ createdAt: "2026-11-22T09:00:00.000Z" }, page)); // "read"
 * console.log(tickOf({ createdAt: "2026-11-22T09:03:00.000Z" }, page)); // "delivered"
 */
export function tickOf({ createdAt }: Pick<Message, "createdAt">, peer: PeerPointers): Tick {
  if (isUpTo(createdAt, peer.peerLastReadAt)) return "read";
  return isUpTo(createdAt, peer.peerLastDeliveredAt) ? "delivered" : "sent";
}

const isUpTo = (time: string, pointer: string | null | undefined): boolean =>
  pointer != null && Date.parse(time) <= Date.parse(pointer);
