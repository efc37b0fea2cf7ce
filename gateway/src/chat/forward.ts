import type { Message } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import type { LogEvent } from "../store/log.ts";
import type { NewCopy, StoredResult } from "../store/message-writer.ts";
import { writeCopies } from "../store/message-writer.ts";
import { findViewedMessage } from "../store/messages.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireUsableFiles } from "./files.ts";
import type { MessageRef } from "./message-changes.ts";
import { toMessageId } from "./message-id.ts";
import { newMessage } from "./new-message.ts";
import { isServers } from "./parts.ts";
import { requireRoom } from "./rooms.ts";

type Deps = Pick<ChatDeps, "db" | "announcer" | "newId">;

/**
 * Sends a copy of a message to each of some rooms, in one transaction: if one of them refuses, nothing is sent. The copy is
 * the acting user's and names the author of the first of the copies (contract M9). Written past the batches of
 * `MessageWriter`, which decide for each message alone.
 */
export const forwardMessage = async (
  deps: Deps,
  actor: Actor,
  ref: MessageRef,
  body: { readonly userId?: string | null | undefined; readonly targetRoomIds: readonly string[] },
): Promise<{ readonly messages: Message[] }> => {
  const senderId = requireActingUser(actor, body.userId);
  const source = await requireSource(deps, actor, ref, senderId);
  const files = await requireUsableFiles(deps, actor, senderId, source.parts);
  const copies = requireTargets(body.targetRoomIds).map((roomId) => ({
    ...toCopy(deps, actor, source, senderId, roomId),
    ...files,
  }));
  const results = await writeCopies(deps.db, actor.tenantId, copies);
  if (typeof results === "string") {
    // To a user, a room it is not in does not exist.
    const hidden = results === "not_a_participant" && actor.kind === "user";
    throw new ChatError(hidden ? "room_not_found" : results);
  }
  const messages = copies.map((copy, index) => toMessage(copy, results[index]));
  deps.announcer.committed(actor.tenantId, messages.map(toEvent));
  return { messages };
};

/** The message that is forwarded, as the acting user finds it. */
const requireSource = async (
  deps: Pick<Deps, "db">,
  actor: Actor,
  { roomId, messageId }: MessageRef,
  senderId: string,
): Promise<Message> => {
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  const found = await findViewedMessage(deps.db, actor.tenantId, roomId, senderId, toMessageId(messageId));
  if (found === "room_not_found" && actor.kind === "backend") {
    // A backend may know which of the two is missing.
    await requireRoom(deps, actor.tenantId, roomId, undefined);
    throw new ChatError("not_a_participant");
  }
  if (typeof found === "string") throw new ChatError(found);
  if (found.deletedAt !== null) throw new ChatError("message_deleted");
  if (found.parts.some(isServers)) throw new ChatError("message_not_changeable");
  return found;
};

const requireTargets = (given: readonly string[]): readonly string[] => {
  if (!given.every((roomId) => isUuid(roomId))) throw new ChatError("room_not_found");
  const roomIds = given.map((roomId) => roomId.toLowerCase());
  if (new Set(roomIds).size < roomIds.length) {
    throw new ChatError("invalid_request", {
      details: [{ path: "targetRoomIds", message: "must not name a room twice" }],
    });
  }
  return roomIds;
};

const toCopy = (
  { newId }: Pick<Deps, "newId">,
  actor: Actor,
  source: Message,
  senderId: string,
  roomId: string,
): NewCopy => ({
  messageId: newId(),
  roomId,
  senderId,
  clientMessageId: undefined,
  parts: source.parts,
  previewText: source.previewText ?? undefined,
  parentMessageId: undefined,
  byBackend: actor.kind === "backend",
  forwardedFromId: source.id,
  forwardedFromSenderId: source.forwardedFromSenderId ?? source.senderId,
});

const toMessage = (copy: NewCopy, result: StoredResult | undefined): Message => {
  if (!result) throw new Error("unable to read the result of a forward; the database answered too few rows");
  return newMessage({
    id: copy.messageId,
    roomId: copy.roomId,
    seq: result.seq,
    senderId: copy.senderId,
    parts: [...copy.parts],
    previewText: copy.previewText ?? null,
    createdAt: result.createdAt,
    forwardedFromId: copy.forwardedFromId,
    forwardedFromSenderId: copy.forwardedFromSenderId,
  });
};

const toEvent = (message: Message): LogEvent => ({
  type: "message.created",
  roomId: message.roomId,
  seq: message.seq,
  message,
});
