import { validate as isUuid } from "uuid";
import type { PointerMove, PointerRefusal } from "../store/receipts.ts";
import { advanceDeliveryPointer, advanceReadPointer } from "../store/receipts.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireRoom } from "./rooms.ts";

/** Where a participant's read pointer stands, and what is after it. */
export interface ReadAnswer {
  readonly roomId: string;
  readonly userId: string;
  readonly lastReadAt: string | null;
  readonly lastReadMessageId: string | null;
  readonly unreadCount: number;
}

/**
 * Marks a room as read up to a message; the participants hear of it only when the pointer really moved. `lastReadAt` is
 * the `createdAt` of that message: it covers it and none that is newer (contract M10).
 */
export const markRoomRead = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  givenRoomId: string,
  body: { readonly userId?: string | null | undefined; readonly lastReadMessageId?: string | null | undefined },
): Promise<ReadAnswer> => {
  const move = requireMove(actor, givenRoomId, body.userId, body.lastReadMessageId);
  const pointer = await advanceReadPointer(deps.db, actor.tenantId, move);
  if (typeof pointer === "string") throw await refusalOf(deps, actor, move.roomId, pointer);
  const { roomId, userId } = move;
  const { lastReadAt, lastReadMessageId, unreadCount } = pointer;
  if (pointer.advanced && lastReadAt !== null) {
    deps.announcer.roomRead(actor.tenantId, { roomId, userId, lastReadAt, lastReadMessageId });
  }
  return { roomId, userId, lastReadAt, lastReadMessageId, unreadCount };
};

/** Up to where messages have reached a participant. */
export interface DeliveryAnswer {
  readonly roomId: string;
  readonly userId: string;
  readonly lastDeliveredAt: string | null;
  readonly lastDeliveredMessageId: string | null;
}

/** Says that messages have reached a device, up to one of them. Nobody is told; the other one of two asks (contract M11). */
export const markRoomDelivered = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  givenRoomId: string,
  body: { readonly userId?: string | null | undefined; readonly lastDeliveredMessageId?: string | null | undefined },
): Promise<DeliveryAnswer> => {
  const move = requireMove(actor, givenRoomId, body.userId, body.lastDeliveredMessageId);
  const pointer = await advanceDeliveryPointer(deps.db, actor.tenantId, move);
  if (typeof pointer === "string") throw await refusalOf(deps, actor, move.roomId, pointer);
  return { roomId: move.roomId, userId: move.userId, ...pointer };
};

const requireMove = (
  actor: Actor,
  roomId: string,
  namedUser: string | null | undefined,
  givenMessageId: string | null | undefined,
): PointerMove => {
  const userId = requireActingUser(actor, namedUser);
  if (!isUuid(roomId)) throw new ChatError("room_not_found");
  const messageId = givenMessageId ?? undefined;
  if (messageId !== undefined && !isUuid(messageId)) throw new ChatError("message_not_found");
  return { roomId: roomId.toLowerCase(), userId, messageId };
};

const refusalOf = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  roomId: string,
  refusal: PointerRefusal,
): Promise<ChatError> => {
  if (refusal === "message_not_found") return new ChatError(refusal);
  if (actor.kind === "user") return new ChatError("room_not_found");
  // A backend may know which of the two is missing; to a user, a room it is not in does not exist.
  await requireRoom(deps, actor.tenantId, roomId, undefined);
  return new ChatError(refusal);
};
