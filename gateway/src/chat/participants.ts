import { limits } from "@sendsar/protocol/limits";
import type { Message } from "@sendsar/protocol/objects/message";
import type { RoomDetail } from "@sendsar/protocol/objects/room";
import { validate as isUuid } from "uuid";
import type { LogEvent, MembershipChange } from "../store/log.ts";
import type { MembershipResult } from "../store/membership.ts";
import { changeMembership } from "../store/membership.ts";
import { findRoom } from "../store/rooms.ts";
import type { Actor } from "./actor.ts";
import { findViewer } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { newMessage } from "./new-message.ts";

type Deps = Pick<ChatDeps, "db" | "announcer" | "newId">;

/** Adds a participant; who is one already stays, and nobody is told (contract R5). */
export const addParticipant = (
  deps: Deps,
  actor: Actor,
  roomId: string,
  body: {
    readonly userId: string;
    readonly username?: string | null | undefined;
    readonly actorUserId?: string | null | undefined;
  },
): Promise<RoomDetail> => change(deps, actor, roomId, "add", body.userId, body.actorUserId, body.username ?? undefined);

/** Removes a participant, or lets one leave; from then on the room does not exist for them (contract R6). */
export const removeParticipant = (
  deps: Deps,
  actor: Actor,
  roomId: string,
  userId: string,
  actorUserId: string | undefined,
): Promise<RoomDetail> => change(deps, actor, roomId, "remove", userId, actorUserId, undefined);

const change = async (
  deps: Deps,
  actor: Actor,
  givenRoomId: string,
  action: "add" | "remove",
  targetUserId: string,
  namedActor: string | null | undefined,
  username: string | undefined,
): Promise<RoomDetail> => {
  const actorUserId = findViewer(actor, namedActor) ?? targetUserId;
  if (!isUuid(givenRoomId)) throw new ChatError("room_not_found");
  const roomId = givenRoomId.toLowerCase();
  const messageId = deps.newId();
  const result = await changeMembership(deps.db, actor.tenantId, {
    roomId,
    action,
    targetUserId,
    actorUserId,
    byBackend: actor.kind === "backend",
    username,
    messageId,
    participantsMax: limits.roomParticipantsMax,
  });
  if (result.verdict === "changed") {
    deps.announcer.committed(actor.tenantId, toEvents(roomId, messageId, result));
  } else if (result.verdict !== "unchanged") {
    throw new ChatError(result.verdict);
  }
  // Who left gets an answer too: the room as it stands without them.
  const room = await findRoom(deps.db, actor.tenantId, roomId, undefined);
  if (!room) throw new ChatError("room_not_found");
  return room;
};

const toEvents = (
  roomId: string,
  messageId: string,
  { seq, change, line }: MembershipResult & { readonly verdict: "changed" },
): LogEvent[] => {
  const changed: LogEvent = { type: "participants.changed", roomId, seq, change };
  if (!line) return [changed];
  return [
    changed,
    { type: "message.created", roomId, seq: line.seq, message: toLine(roomId, messageId, change, line) },
  ];
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
