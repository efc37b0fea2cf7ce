import type { Message, SendMessageBody } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import { findMessage, findViewedMessage, listPinnedMessages as listStoredPinned } from "../store/messages.ts";
import type { Actor } from "./actor.ts";
import { findViewer, requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireUsableFiles } from "./files.ts";
import { toMessageId } from "./message-id.ts";
import { requireParts } from "./parts.ts";
import { previewOf } from "./preview.ts";

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
  const given = requireParts(body.parts);
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  if (body.parentMessageId != null && !isUuid(body.parentMessageId)) throw new ChatError("parent_not_found");
  const { parts, uploadIds } = await requireUsableFiles(deps, actor, senderId, given);

  const outcome = await deps.writer.write(actor.tenantId, {
    messageId: deps.newId(),
    roomId: roomId.toLowerCase(),
    senderId,
    clientMessageId: body.clientMessageId ?? undefined,
    parts,
    previewText: previewOf(parts),
    parentMessageId: body.parentMessageId?.toLowerCase(),
    uploadIds,
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

/** One message. What the viewer has cleared is not there, and neither is a message of another room. */
export const getMessage = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  roomId: string,
  messageId: string,
  viewerId: string | undefined,
): Promise<Message> => {
  const viewer = findViewer(actor, viewerId);
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  const found = await findViewedMessage(deps.db, actor.tenantId, roomId, viewer, toMessageId(messageId));
  if (typeof found === "string") throw new ChatError(found);
  return found;
};

/** The pinned messages of a room, latest pin first (contract M8). */
export const listPinnedMessages = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  roomId: string,
  viewerId: string | undefined,
): Promise<{ readonly messages: Message[] }> => {
  const viewer = findViewer(actor, viewerId);
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  const found = await listStoredPinned(deps.db, actor.tenantId, roomId, viewer);
  if (typeof found === "string") throw new ChatError(found);
  return { messages: found };
};
