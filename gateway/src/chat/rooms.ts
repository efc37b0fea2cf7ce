import { limits } from "@sendsar/protocol/limits";
import type { CreateRoomBody, RoomDetail, RoomKind, RoomSummary, UpdateRoomBody } from "@sendsar/protocol/objects/room";
import { validate as isUuid } from "uuid";
import { updateRoom as updateStoredRoom } from "../store/room-changes.ts";
import { createRoom as createStoredRoom, creationOf, findUsersWithTooManyRooms } from "../store/room-creation.ts";
import { deleteRoom as deleteStoredRoom } from "../store/room-deletion.ts";
import { findRoom, isParticipant, isRoom, listRooms as listStoredRooms } from "../store/rooms.ts";
import type { Actor } from "./actor.ts";
import { findViewer } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

/**
 * Creates a room, or answers the one that has the `externalId` already, unchanged. Throws `too_many_rooms` when a
 * participant is in as many as can be (contract R1).
 */
export const createRoom = async (
  deps: Pick<ChatDeps, "db" | "announcer" | "newId">,
  tenantId: string,
  body: CreateRoomBody,
): Promise<{ readonly room: RoomDetail; readonly created: boolean }> => {
  const userIds = body.participants.map((participant) => participant.id);
  const full = await findUsersWithTooManyRooms(deps.db, tenantId, userIds, limits.userRoomsMax);
  if (full.length > 0) throw new ChatError("too_many_rooms");

  const kind = body.kind ?? kindOf(body);
  const room = {
    kind,
    name: body.name ?? null,
    avatarUrl: body.avatarUrl ?? null,
    externalId: body.externalId ?? null,
    customType: body.customType ?? null,
    metadata: body.metadata ?? null,
    participants: body.participants.map((participant, index) => ({
      userId: participant.id,
      username: participant.username ?? undefined,
      appCode: participant.appCode ?? undefined,
      role: participant.role ?? (kind === "group" && index === 0 ? "OPERATOR" : "MEMBER"),
    })),
  } as const;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const stored = await createStoredRoom(deps.db, tenantId, { ...room, roomId: deps.newId() });
    if (!stored) continue;
    const { roomId, created } = stored;
    if (created) {
      const change = creationOf(room.participants);
      deps.announcer.committed(tenantId, [{ type: "participants.changed", roomId, seq: 1, change }]);
    }
    const found = await findRoom(deps.db, tenantId, roomId, undefined);
    if (found) return { room: found, created };
  }
  throw new ChatError("database_unavailable", { cause: new Error("unable to create a room; others keep deleting it") });
};

/** The room that has the `externalId` may be deleted, or get another one, while it is looked at. */
const attemptsMax = 5;

/** Direct when it says so by its `externalId`, or is two people and no name (contract R1). */
const kindOf = (body: CreateRoomBody): RoomKind => {
  if (body.externalId?.startsWith("dm:")) return "direct";
  return body.participants.length === 2 && body.name == null ? "direct" : "group";
};

export interface RoomQuery {
  readonly participantId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly customTypesFilter?: readonly string[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** A page of rooms, latest activity first: the caller's own, or for a backend all of them (contract R2). */
export const listRooms = async (
  deps: Pick<ChatDeps, "db" | "cursors">,
  actor: Actor,
  query: RoomQuery,
): Promise<{ readonly rooms: RoomSummary[]; readonly nextCursor: string | null }> => {
  const viewerId = findViewer(actor, query.participantId);
  const scope = { tenantId: actor.tenantId, list: "rooms" };
  const [activityAt, roomId] = query.cursor === undefined ? [] : deps.cursors.decode(scope, query.cursor);
  const { rooms, next } = await listStoredRooms(deps.db, actor.tenantId, {
    viewerId,
    externalId: query.externalId,
    customTypes: query.customTypesFilter,
    after: typeof activityAt === "string" && typeof roomId === "string" ? { activityAt, roomId } : undefined,
    limit: query.limit,
  });
  return { rooms, nextCursor: next ? deps.cursors.encode(scope, [next.activityAt, next.roomId]) : null };
};

/** A room with its participants. Who is not in it learns nothing: `room_not_found`, as for an unknown id (contract R3). */
export const getRoom = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  roomId: string,
  viewerId: string | undefined,
): Promise<RoomDetail> => {
  const viewer = findViewer(actor, viewerId);
  const room = isUuid(roomId) ? await findRoom(deps.db, actor.tenantId, roomId, viewer) : undefined;
  if (!room) throw new ChatError("room_not_found");
  return room;
};

/**
 * Changes what a room looks like; fields that are left out stay. Everybody in it is told, if anything is other than before.
 * Throws `external_id_taken` when another room has the `externalId` (contract R4).
 */
export const updateRoom = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  actor: Actor,
  givenRoomId: string,
  patch: UpdateRoomBody,
): Promise<RoomDetail> => {
  const { tenantId } = actor;
  const roomId = requireRoomId(givenRoomId);
  const update = await updateStoredRoom(deps.db, tenantId, roomId, patch);
  if (update.verdict === "changed") {
    const { seq, face } = update;
    deps.announcer.committed(tenantId, [{ type: "room.updated", roomId, seq, face }]);
  } else if (update.verdict !== "unchanged") {
    throw new ChatError(update.verdict);
  }
  return await getRoom(deps, actor, roomId, undefined);
};

/** Deletes a room with its messages for everybody, and tells its participants that they were removed. */
export const deleteRoom = async (
  deps: Pick<ChatDeps, "db" | "announcer">,
  tenantId: string,
  givenRoomId: string,
): Promise<{ readonly ok: true; readonly roomId: string }> => {
  const roomId = requireRoomId(givenRoomId);
  const end = await deleteStoredRoom(deps.db, tenantId, roomId);
  if (!end) throw new ChatError("room_not_found");
  deps.announcer.committed(tenantId, [{ type: "participants.changed", roomId, ...end }]);
  return { ok: true, roomId };
};

/** The id of a room as it is stored. Throws `room_not_found` for a text that can be none. */
export const requireRoomId = (given: string): string => {
  if (!isUuid(given)) throw new ChatError("room_not_found");
  return given.toLowerCase();
};

/** Throws `room_not_found` unless the room is there and the viewer, if there is one, is in it. */
export const requireRoom = async (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  givenRoomId: string,
  viewerId: string | undefined,
): Promise<void> => {
  const roomId = requireRoomId(givenRoomId);
  const found =
    viewerId === undefined
      ? await isRoom(deps.db, tenantId, roomId)
      : await isParticipant(deps.db, tenantId, roomId, viewerId);
  if (!found) throw new ChatError("room_not_found");
};
