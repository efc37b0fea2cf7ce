import { validate as isUuid } from "uuid";
import { advanceReadPointer } from "../store/receipts.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireRoom } from "./rooms.ts";

export interface ReadAnswer {
  readonly roomId: string;
  readonly userId: string;
  readonly lastReadAt: string | null;
  readonly lastReadMessageId: string | null;
  readonly unreadCount: number;
}

/** Marks a room as read up to a message; the participants hear of it only when the pointer really moved (contract 6). */
export const markRoomRead = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  givenRoomId: string,
  body: { readonly userId?: string | null | undefined; readonly lastReadMessageId?: string | null | undefined },
): Promise<ReadAnswer> => {
  const userId = requireActingUser(actor, body.userId);
  if (!isUuid(givenRoomId)) throw new ChatError("room_not_found");
  const roomId = givenRoomId.toLowerCase();
  const messageId = body.lastReadMessageId ?? undefined;
  if (messageId !== undefined && !isUuid(messageId)) throw new ChatError("message_not_found");

  const pointer = await advanceReadPointer(deps.db, actor.tenantId, roomId, userId, messageId);
  if (pointer === "not_a_participant") {
    // A backend may know which of the two is missing; to a user, a room it is not in does not exist.
    if (actor.kind === "backend") await requireRoom(deps, actor.tenantId, roomId, undefined);
    throw new ChatError(actor.kind === "user" ? "room_not_found" : pointer);
  }
  if (pointer === "message_not_found") throw new ChatError(pointer);
  const { lastReadAt, lastReadMessageId, unreadCount } = pointer;
  if (pointer.advanced && lastReadAt !== null) {
    deps.announcer.roomRead(actor.tenantId, { roomId, userId, lastReadAt, lastReadMessageId });
  }
  return { roomId, userId, lastReadAt, lastReadMessageId, unreadCount };
};
