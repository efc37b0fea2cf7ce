import type { RoomKind, Role } from "@sendsar/protocol/objects/room";
import type { Db, Statement } from "./db.ts";
import type { MembershipChange } from "./log.ts";
import type { ComingUser } from "./room-users.ts";
import { ensureUsers } from "./room-users.ts";

export interface NewRoom {
  readonly roomId: string;
  readonly kind: RoomKind;
  readonly name: string | null;
  readonly avatarUrl: string | null;
  readonly externalId: string | null;
  readonly customType: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly participants: readonly NewRoomParticipant[];
}

export interface NewRoomParticipant extends ComingUser {
  readonly role: Role;
}

/**
 * Creates a room with its participants, and those users that are not there yet, as one event of the log. When the
 * `externalId` is taken nothing is created and the id of the room that has it is answered; undefined when that room lost
 * it at this very moment, so that the call is worth another try. One round trip; two calls racing for one `externalId` end
 * with one room.
 */
export const createRoom = async (
  db: Db,
  tenantId: string,
  room: NewRoom,
): Promise<{ readonly roomId: string; readonly created: boolean } | undefined> => {
  const results = await db.batch(tenantId, [
    {
      statement: insertRoom,
      values: [
        tenantId,
        room.roomId,
        room.kind,
        room.name,
        room.avatarUrl,
        room.externalId,
        room.customType,
        room.metadata === null ? null : JSON.stringify(room.metadata),
      ],
    },
    ...ensureUsers(tenantId, room.roomId, room.participants),
    {
      statement: insertParticipants,
      values: [tenantId, room.roomId, room.participants.map((p) => p.userId), room.participants.map((p) => p.role)],
    },
    {
      statement: insertCreationEvent,
      values: [tenantId, room.roomId, JSON.stringify(creationOf(room.participants))],
    },
    { statement: selectCreated, values: [tenantId, room.roomId, room.externalId] },
  ]);
  const found = results.at(-1)?.[0]?.["room_id"];
  return typeof found === "string" ? { roomId: found, created: found === room.roomId } : undefined;
};

/** A room's first event: its participants came in. The first of them stands for who made it. */
export const creationOf = (participants: readonly Pick<NewRoomParticipant, "userId">[]): MembershipChange => ({
  action: "joined",
  actorUserId: participants[0]?.userId ?? "",
  targetUserIds: participants.map(({ userId }) => userId),
});

const insertRoom: Statement = {
  name: "insert-room",
  text: `
    insert into rooms (tenant_id, room_id, kind, name, avatar_url, external_id, custom_type, metadata,
      last_seq, last_event_at, activity_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8::json, 1, now(), now(), now())
    on conflict (tenant_id, external_id) do nothing`,
};

// The following statements do nothing unless the room above was inserted.
const wasInserted = "exists (select from rooms where tenant_id = $1 and room_id = $2)";

const insertParticipants: Statement = {
  name: "insert-participants",
  text: `
    insert into participants (tenant_id, room_id, user_id, role, joined_at)
    select $1, $2, given.user_id, given.role, now()
    from unnest($3::text[], $4::text[]) as given (user_id, role)
    where ${wasInserted}`,
};

const insertCreationEvent: Statement = {
  name: "insert-room-created",
  text: `
    insert into events (tenant_id, room_id, seq, type, data, created_at)
    select $1, $2, 1, 'participants.changed', $3::json, now()
    where ${wasInserted}`,
};

const selectCreated: Statement = {
  name: "select-created-room",
  text: `
    select room_id from rooms
    where tenant_id = $1 and (room_id = $2 or external_id = $3)`,
};

/** Which of these users are in `roomsMax` rooms or more? */
export const findUsersWithTooManyRooms = async (
  db: Db,
  tenantId: string,
  userIds: readonly string[],
  roomsMax: number,
): Promise<string[]> => {
  const rows = await db.query<{ user_id: string }>(tenantId, selectFullUsers, [tenantId, userIds, roomsMax]);
  return rows.map((row) => row.user_id);
};

// Stops counting a user's rooms at the limit.
const selectFullUsers: Statement = {
  name: "select-full-users",
  text: `
    select given.user_id
    from unnest($2::text[]) as given (user_id)
    where exists (
      select from participants p where p.tenant_id = $1 and p.user_id = given.user_id offset $3 - 1)`,
};
