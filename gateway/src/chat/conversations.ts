import type { ClearResult } from "../store/conversations.ts";
import { clearForParticipant } from "../store/conversations.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { leaveGroup } from "./participants.ts";
import { requireRoomId } from "./rooms.ts";

export interface ClearedAnswer {
  readonly ok: true;
  readonly roomId: string;
  readonly userId: string;
  /** Messages up to then are not there for the user. */
  readonly clearedAt: string;
}

/**
 * Takes all messages up to now from one participant; the others keep them. The room is read then, which its participants
 * hear if anything was unread (contract R9).
 */
export const clearHistory = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  givenRoomId: string,
  body: { readonly userId?: string | null | undefined },
): Promise<ClearedAnswer> => {
  const userId = requireActingUser(actor, body.userId);
  const roomId = requireRoomId(givenRoomId);
  const result = await clear(deps, actor, roomId, userId, false);
  if (result.verdict !== "cleared") throw refusalOf(actor, "not_a_participant");
  return { ok: true, roomId, userId, clearedAt: result.clearedAt };
};

export interface DeletedForMeAnswer extends ClearedAnswer {
  readonly action: "left" | "hidden";
  readonly left: boolean;
  readonly hidden: boolean;
}

/**
 * Deletes a conversation for one participant: a group is left, a direct room is cleared and taken off the list until its
 * next message (contract R8).
 */
export const deleteRoomForMe = async (
  deps: Pick<ChatDeps, "db" | "announcer" | "newId">,
  actor: Actor,
  givenRoomId: string,
  namedUser: string | undefined,
): Promise<DeletedForMeAnswer> => {
  const userId = requireActingUser(actor, namedUser);
  const roomId = requireRoomId(givenRoomId);
  const result = await clear(deps, actor, roomId, userId, true);
  if (result.verdict === "cleared") {
    const { clearedAt } = result;
    return { ok: true, roomId, userId, action: "hidden", left: false, hidden: true, clearedAt };
  }
  const departure = await leaveGroup(deps, actor, roomId, userId);
  // Somebody else removed the user, or the room, at this very moment.
  if (departure.verdict !== "changed") throw refusalOf(actor, "not_a_participant");
  const clearedAt = departure.line?.createdAt ?? departure.createdAt;
  return { ok: true, roomId, userId, action: "left", left: true, hidden: false, clearedAt };
};

type Cleared = Exclude<ClearResult, { readonly verdict: "not_a_participant" | "room_not_found" }>;

const clear = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  roomId: string,
  userId: string,
  hide: boolean,
): Promise<Cleared> => {
  const result = await clearForParticipant(deps.db, actor.tenantId, { roomId, userId, hide });
  if (result.verdict === "not_a_participant" || result.verdict === "room_not_found") {
    throw refusalOf(actor, result.verdict);
  }
  if (result.verdict === "cleared" && result.read) {
    deps.announcer.roomRead(actor.tenantId, { roomId, userId, ...result.read });
  }
  return result;
};

/** To a user, a room it is not in does not exist. */
const refusalOf = (actor: Actor, verdict: "not_a_participant" | "room_not_found"): ChatError =>
  new ChatError(actor.kind === "user" ? "room_not_found" : verdict);
