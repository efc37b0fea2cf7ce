import type { RoomKind, Role } from "@sendsar/protocol/objects/room";
import type { Db, Statement } from "./db.ts";
import type { MembershipChange } from "./log.ts";

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

export interface NewRoomParticipant {
  readonly userId: string;
  /** Absent: a known user keeps its name, a new one is named by its id. */
  readonly username?: string | undefined;
  readonly appCode?: string | undefined;
  readonly role: Role;
}

/**
 * Creates a room with its participants, and those users that are not there yet, as one event of the log. When the
 * `externalId` is taken nothing is created and the id of the room that has it is answered. One round trip; two calls
 * racing for one `externalId` end with one room.
 */
export const createRoom = async (
  db: Db,
  tenantId: string,
  room: NewRoom,
): Promise<{ readonly roomId: string; readonly created: boolean }> => {
  // A fixed order of locks, so that two rooms with the same people cannot wait for each other.
  const people = room.participants.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
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
    {
      statement: insertMissingUsers,
      values: [
        tenantId,
        room.roomId,
        people.map((person) => person.userId),
        people.map((person) => person.username ?? null),
        people.map((person) => person.appCode ?? null),
      ],
    },
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
  if (typeof found !== "string") throw new Error("unable to create a room; it is not there after its insert");
  return { roomId: found, created: found === room.roomId };
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

const insertMissingUsers: Statement = {
  name: "insert-missing-users",
  text: `
    insert into users as u (tenant_id, user_id, username, app_code, created_at, updated_at)
    select $1, given.user_id, coalesce(given.username, given.user_id), given.app_code, now(), now()
    from unnest($3::text[], $4::text[], $5::text[]) as given (user_id, username, app_code)
    where ${wasInserted}
    on conflict (tenant_id, user_id) do nothing`,
};

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
