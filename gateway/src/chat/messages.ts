import type { Message, SendMessageBody } from "@sendsar/protocol/objects/message";
import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import { findMessage, listMessages as listStoredMessages } from "../store/messages.ts";
import type { Actor } from "./actor.ts";
import { findViewer, requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { toStoredParts } from "./parts.ts";
import { previewOf } from "./preview.ts";
import { requireRoom } from "./rooms.ts";

/**
 * Sends a message: it is on disk when this answers, and every participant who is connected is told. A repeat with the
 * same `clientMessageId` answers the first message, `created: false`, and tells nobody (contract M2).
 */
export const sendMessage = async (
  deps: Pick<ChatDeps, "db" | "writer" | "newId">,
  actor: Actor,
  roomId: string,
  body: SendMessageBody,
): Promise<{ readonly message: Message; readonly created: boolean }> => {
  const senderId = requireActingUser(actor, body.senderId);
  if (body.parts.some((part) => reservedPartTypes.includes(part.type))) throw new ChatError("reserved_part_type");
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  if (body.parentMessageId != null && !isUuid(body.parentMessageId)) throw new ChatError("parent_not_found");

  const parts = toStoredParts(body.parts);
  const outcome = await deps.writer.write(actor.tenantId, {
    messageId: deps.newId(),
    roomId: roomId.toLowerCase(),
    senderId,
    clientMessageId: body.clientMessageId ?? undefined,
    parts,
    previewText: previewOf(parts),
    parentMessageId: body.parentMessageId?.toLowerCase(),
    byBackend: actor.kind === "backend",
  });
  if (outcome.verdict === "stored") return { message: outcome.message, created: true };
  if (outcome.verdict === "duplicate") {
    const message = await findMessage(deps.db, actor.tenantId, outcome.firstMessageId);
    if (!message) throw new ChatError("message_not_found");
    return { message, created: false };
  }
  // To a user, a room it is not in does not exist.
  const hidden = outcome.verdict === "not_a_participant" && actor.kind === "user";
  throw new ChatError(hidden ? "room_not_found" : outcome.verdict);
};

export interface MessagePageAnswer {
  readonly messages: Message[];
  readonly nextCursor: string | null;
  readonly peerLastReadAt: string | null;
  readonly peerLastDeliveredAt: string | null;
}

/** A page of a room's messages, newest first (contract M1). */
export const listMessages = async (
  deps: Pick<ChatDeps, "db" | "cursors">,
  actor: Actor,
  roomId: string,
  query: { readonly viewerId?: string | undefined; readonly limit: number; readonly cursor?: string | undefined },
): Promise<MessagePageAnswer> => {
  const viewerId = findViewer(actor, query.viewerId);
  await requireRoom(deps, actor.tenantId, roomId, viewerId);
  const scope = { tenantId: actor.tenantId, list: `messages/${roomId.toLowerCase()}` };
  const [beforeSeq] = query.cursor === undefined ? [] : deps.cursors.decode(scope, query.cursor);
  const page = await listStoredMessages(deps.db, actor.tenantId, roomId, {
    viewerId,
    beforeSeq: typeof beforeSeq === "number" ? beforeSeq : undefined,
    limit: query.limit,
  });
  return {
    messages: page.messages,
    nextCursor: page.next === undefined ? null : deps.cursors.encode(scope, [page.next]),
    peerLastReadAt: page.peerLastReadAt,
    peerLastDeliveredAt: page.peerLastDeliveredAt,
  };
};
