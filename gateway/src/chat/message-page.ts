import type { Message } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import type { PageRequest } from "../store/message-page.ts";
import { readMessagePage } from "../store/message-page.ts";
import type { Actor } from "./actor.ts";
import { findViewer } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { toMessageId } from "./message-id.ts";

/** Which page of a room's messages; at most one of the places is given, none asks for the newest page. */
export interface MessageQuery {
  readonly viewerId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly around?: string | undefined;
}

export interface MessagePageAnswer {
  readonly messages: Message[];
  readonly nextCursor: string | null;
  readonly previousCursor: string | null;
  readonly lastSeq: number;
  readonly peerLastReadAt: string | null;
  readonly peerLastDeliveredAt: string | null;
}

/**
 * A page of a room's messages, newest first. Places are seqs, which no message ever changes, so messages that come, are
 * edited or deleted between two pages shift nothing (contract M1).
 */
export const listMessages = async (
  deps: Pick<ChatDeps, "db" | "cursors">,
  actor: Actor,
  roomId: string,
  query: MessageQuery,
): Promise<MessagePageAnswer> => {
  const viewerId = findViewer(actor, query.viewerId);
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  const scope = { tenantId: actor.tenantId, list: `messages/${roomId.toLowerCase()}` };
  const place =
    query.cursor === undefined ? toPlace(query) : fromCursor(deps.cursors.decode(scope, query.cursor), query);
  const page = await readMessagePage(deps.db, actor.tenantId, roomId, { viewerId, ...place });
  if (typeof page === "string") throw new ChatError(page);
  const { older, newer, ...rest } = page;
  const toCursor = (pivot: number | undefined, direction: Direction): string | null =>
    pivot === undefined ? null : deps.cursors.encode(scope, [pivot, direction]);
  return { ...rest, nextCursor: toCursor(older, "older"), previousCursor: toCursor(newer, "newer") };
};

type Direction = "older" | "newer";

type Place = Pick<PageRequest, "pivot" | "olderMax" | "newerMax">;

const toPlace = ({ before, after, around, limit }: MessageQuery): Place => {
  const messageId = before ?? after ?? around;
  if (messageId === undefined) return { pivot: undefined, olderMax: limit, newerMax: 0 };
  const id = toMessageId(messageId);
  if (before !== undefined) return { pivot: { messageId: id, side: "before" }, olderMax: limit, newerMax: 0 };
  // The message itself is the newest of the older half.
  const olderMax = after === undefined ? Math.ceil(limit / 2) : 0;
  return { pivot: { messageId: id, side: "after" }, olderMax, newerMax: limit - olderMax };
};

const fromCursor = ([seq, direction]: readonly unknown[], { limit }: MessageQuery): Place => {
  if (typeof seq !== "number") throw new ChatError("invalid_cursor");
  const isOlder = direction === "older";
  return { pivot: { seq }, olderMax: isOlder ? limit : 0, newerMax: isOlder ? 0 : limit };
};
