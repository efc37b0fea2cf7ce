import { limits } from "@sendsar/protocol/limits";
import type { Message } from "@sendsar/protocol/objects/message";
import type { Role, RoomDetail } from "@sendsar/protocol/objects/room";
import type { LogEvent, MembershipChange } from "../store/log.ts";
import type { MembershipRequest, MembershipResult } from "../store/membership.ts";
import { changeMembership } from "../store/membership.ts";
import { changeRole } from "../store/room-changes.ts";
import { findRoom } from "../store/rooms.ts";
import type { Actor } from "./actor.ts";
import { findViewer } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { newMessage } from "./new-message.ts";
import { requireRoomId } from "./rooms.ts";

type Deps = Pick<ChatDeps, "db" | "announcer" | "newId">;

/** Adds a participant; who is one already stays, and nobody is told (contract R5). */
export const addParticipant = async (
  deps: Deps,
  actor: Actor,
  givenRoomId: string,
  body: {
    readonly userId: string;
    readonly username?: string | null | undefined;
    readonly actorUserId?: string | null | undefined;
  },
): Promise<RoomDetail> => {
  const { userId: targetUserId, username } = body;
  const actorUserId = findViewer(actor, body.actorUserId) ?? targetUserId;
  const roomId = requireRoomId(givenRoomId);
  await requireChange(deps, actor, {
    roomId,
    action: "add",
    targetUserId,
    actorUserId,
    username: username ?? undefined,
  });
  return await requireDetail(deps, actor.tenantId, roomId);
};

/** Removes a participant, or lets one leave; from then on the room does not exist for them (contract R6). */
export const removeParticipant = async (
  deps: Deps,
  actor: Actor,
  givenRoomId: string,
  targetUserId: string,
  namedActor: string | undefined,
): Promise<RoomDetail> => {
  const actorUserId = findViewer(actor, namedActor) ?? targetUserId;
  const roomId = requireRoomId(givenRoomId);
  await requireChange(deps, actor, { roomId, action: "remove", targetUserId, actorUserId, username: undefined });
  // Who left gets an answer too: the room as it stands without them.
  return await requireDetail(deps, actor.tenantId, roomId);
};

/** Gives a participant a role. Throws `last_operator` when a group would be left without one (contract R7). */
export const updateParticipant = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  givenRoomId: string,
  userId: string,
  body: { readonly role: Role; readonly actorUserId?: string | null | undefined },
): Promise<RoomDetail> => {
  const { tenantId } = actor;
  const { role } = body;
  const actorUserId = findViewer(actor, body.actorUserId) ?? userId;
  const roomId = requireRoomId(givenRoomId);
  const byBackend = actor.kind === "backend";
  const result = await changeRole(deps.db, tenantId, { roomId, userId, role, actorUserId, byBackend });
  if (result.verdict === "changed") {
    const { seq } = result;
    deps.announcer.committed(tenantId, [{ type: "participant.updated", roomId, seq, userId, role, actorUserId }]);
  } else if (result.verdict !== "unchanged") {
    throw new ChatError(result.verdict);
  }
  return await requireDetail(deps, tenantId, roomId);
};

/** Lets a user leave a group, with its line and its events; answers how it went. */
export const leaveGroup = (deps: Deps, actor: Actor, roomId: string, userId: string): Promise<MembershipResult> =>
  change(deps, actor, { roomId, action: "remove", targetUserId: userId, actorUserId: userId, username: undefined });

type Change = Pick<MembershipRequest, "roomId" | "action" | "targetUserId" | "actorUserId" | "username">;

/** Makes a change of membership and tells of it. */
const change = async (deps: Deps, actor: Actor, wanted: Change): Promise<MembershipResult> => {
  const messageId = deps.newId();
  const result = await changeMembership(deps.db, actor.tenantId, {
    ...wanted,
    byBackend: actor.kind === "backend",
    messageId,
    participantsMax: limits.roomParticipantsMax,
    userRoomsMax: limits.userRoomsMax,
  });
  if (result.verdict === "changed") {
    deps.announcer.committed(actor.tenantId, toEvents(wanted.roomId, messageId, result));
  }
  return result;
};

const requireChange = async (deps: Deps, actor: Actor, wanted: Change): Promise<void> => {
  const { verdict } = await change(deps, actor, wanted);
  if (verdict !== "changed" && verdict !== "unchanged") throw new ChatError(verdict);
};

const requireDetail = async (deps: Pick<ChatDeps, "db">, tenantId: string, roomId: string): Promise<RoomDetail> => {
  const room = await findRoom(deps.db, tenantId, roomId, undefined);
  if (!room) throw new ChatError("room_not_found");
  return room;
};

const toEvents = (
  roomId: string,
  messageId: string,
  { seq, change, line, heir }: MembershipResult & { readonly verdict: "changed" },
): LogEvent[] => {
  const events: LogEvent[] = [{ type: "participants.changed", roomId, seq, change }];
  if (line) {
    const message = toLine(roomId, messageId, change, line);
    events.push({ type: "message.created", roomId, seq: line.seq, message });
  }
  if (heir) {
    const { actorUserId } = change;
    events.push({ type: "participant.updated", roomId, ...heir, role: "OPERATOR", actorUserId });
  }
  return events;
};

/** The line that a group shows (contract 4.4). */
const toLine = (
  roomId: string,
  messageId: string,
  { action, actorUserId, targetUserIds }: MembershipChange,
  line: { readonly seq: number; readonly createdAt: string; readonly previewText: string },
): Message =>
  newMessage({
    id: messageId,
    roomId,
    seq: line.seq,
    senderId: actorUserId,
    createdAt: line.createdAt,
    previewText: line.previewText,
    parts: [{ type: "data-membership", data: { action, actorUserId, targetUserId: targetUserIds[0] ?? "" } }],
  });
