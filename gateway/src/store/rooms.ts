import type { Participant, Role, RoomDetail, RoomKind, RoomSummary } from "@sendsar/protocol/objects/room";
import type { Db, Statement } from "./db.ts";

/** Where a page of rooms ends: the next one starts behind it. */
export interface RoomPosition {
  readonly activityAt: string;
  readonly roomId: string;
}

export interface RoomFilter {
  /** Whose rooms, and whose unread counts; absent: all rooms of the tenant. */
  readonly viewerId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly customTypes?: readonly string[] | undefined;
  readonly after?: RoomPosition | undefined;
  readonly limit: number;
}

/** Rooms by latest activity, newest first, ties by id. Asks for one more than `limit` to know whether there are more. */
export const listRooms = async (
  db: Db,
  tenantId: string,
  filter: RoomFilter,
): Promise<{ readonly rooms: RoomSummary[]; readonly next: RoomPosition | undefined }> => {
  const rows = await db.query<RoomRow>(tenantId, filter.viewerId === undefined ? selectRooms : selectRoomsOf, [
    tenantId,
    filter.externalId ?? null,
    filter.customTypes ?? null,
    filter.after?.activityAt ?? null,
    filter.after?.roomId ?? null,
    filter.limit + 1,
    ...(filter.viewerId === undefined ? [] : [filter.viewerId]),
  ]);
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return {
    rooms: page.map(toSummary),
    next: more ? { activityAt: last.activity_at, roomId: last.room_id } : undefined,
  };
};

// Unread is a subtraction: counted messages of the room less those up to the viewer's pointer.
const viewerColumns = `
  r.message_count - p.last_read_count as unread_count,
  (select m.message_id from messages m
    where m.tenant_id = r.tenant_id and m.room_id = r.room_id and m.seq = p.last_read_seq) as last_read_message_id`;

const pageConditions = `
  ($2::text is null or r.external_id = $2)
  and ($3::text[] is null or r.custom_type = any($3))
  and ($4::timestamptz is null or r.activity_at <= $4 and (r.activity_at < $4 or r.room_id > $5::uuid))`;

const selectRooms: Statement = {
  name: "select-rooms",
  text: `
    select r.*, null as unread_count, null as last_read_message_id
    from rooms r
    where r.tenant_id = $1 and ${pageConditions}
    order by r.activity_at desc, r.room_id
    limit $6`,
};

const selectRoomsOf: Statement = {
  name: "select-rooms-of-user",
  text: `
    select r.*, ${viewerColumns}
    from participants p
    join rooms r on r.tenant_id = p.tenant_id and r.room_id = p.room_id
    where p.tenant_id = $1 and p.user_id = $7 and ${pageConditions}
    order by r.activity_at desc, r.room_id
    limit $6`,
};

/** A room with its participants, oldest first. With a viewer who is not one of them there is no room. */
export const findRoom = async (
  db: Db,
  tenantId: string,
  roomId: string,
  viewerId: string | undefined,
): Promise<RoomDetail | undefined> => {
  const [rooms, participants] = await db.batch(tenantId, [
    { statement: selectRoom, values: [tenantId, roomId, viewerId ?? null] },
    { statement: selectParticipants, values: [tenantId, roomId] },
  ]);
  const room = rooms?.[0] as RoomRow | undefined;
  if (!room) return undefined;
  return { ...toSummary(room), participants: (participants as unknown as ParticipantRow[]).map(toParticipant) };
};

const selectRoom: Statement = {
  name: "select-room",
  text: `
    select r.*, ${viewerColumns}
    from rooms r
    left join participants p on p.tenant_id = r.tenant_id and p.room_id = r.room_id and p.user_id = $3
    where r.tenant_id = $1 and r.room_id = $2 and ($3::text is null or p.user_id is not null)`,
};

const selectParticipants: Statement = {
  name: "select-participants",
  text: `
    select p.*, u.username, u.avatar_url,
      (select m.message_id from messages m
        where m.tenant_id = p.tenant_id and m.room_id = p.room_id and m.seq = p.last_read_seq) as last_read_message_id
    from participants p
    join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id
    where p.tenant_id = $1 and p.room_id = $2
    order by p.joined_at, p.user_id`,
};

/** A room and its last event. */
export interface RoomHead {
  readonly roomId: string;
  readonly lastSeq: number;
}

/** The rooms a user is in, at most `limit`, those with the latest activity first. */
export const listRoomHeadsOf = async (db: Db, tenantId: string, userId: string, limit: number): Promise<RoomHead[]> => {
  const rows = await db.query<{ room_id: string; last_seq: number }>(tenantId, selectHeads, [tenantId, userId, limit]);
  return rows.map((row) => ({ roomId: row.room_id, lastSeq: row.last_seq }));
};

const selectHeads: Statement = {
  name: "select-room-heads-of-user",
  text: `
    select r.room_id, r.last_seq
    from participants p
    join rooms r on r.tenant_id = p.tenant_id and r.room_id = p.room_id
    where p.tenant_id = $1 and p.user_id = $2
    order by r.activity_at desc
    limit $3`,
};

/** Is the user in the room? */
export const isParticipant = async (db: Db, tenantId: string, roomId: string, userId: string): Promise<boolean> => {
  const rows = await db.query(tenantId, selectMembership, [tenantId, roomId, userId]);
  return rows.length === 1;
};

const selectMembership: Statement = {
  name: "select-membership",
  text: "select 1 from participants where tenant_id = $1 and room_id = $2 and user_id = $3",
};

interface RoomRow {
  readonly room_id: string;
  readonly kind: RoomKind;
  readonly name: string | null;
  readonly avatar_url: string | null;
  readonly external_id: string | null;
  readonly custom_type: string | null;
  readonly metadata: RoomSummary["metadata"];
  readonly is_frozen: boolean;
  readonly last_seq: number;
  readonly last_message_at: string | null;
  readonly last_message_preview: string | null;
  readonly activity_at: string;
  readonly created_at: string;
  readonly unread_count: number | null;
  readonly last_read_message_id: string | null;
}

interface ParticipantRow {
  readonly user_id: string;
  readonly username: string;
  readonly avatar_url: string | null;
  readonly role: Role;
  readonly joined_at: string;
  readonly last_read_at: string | null;
  readonly last_read_message_id: string | null;
  readonly last_delivered_at: string | null;
}

const toSummary = (row: RoomRow): RoomSummary => ({
  id: row.room_id,
  name: row.name,
  avatarUrl: row.avatar_url,
  externalId: row.external_id,
  customType: row.custom_type,
  metadata: row.metadata,
  isFrozen: row.is_frozen,
  lastMessage:
    row.last_message_at === null ? null : { previewText: row.last_message_preview, createdAt: row.last_message_at },
  unreadCount: row.unread_count,
  lastReadMessageId: row.last_read_message_id,
  createdAt: row.created_at,
  kind: row.kind,
  isGroup: row.kind === "group",
  lastSeq: row.last_seq,
});

const toParticipant = (row: ParticipantRow): Participant => ({
  userId: row.user_id,
  username: row.username,
  avatarUrl: row.avatar_url,
  role: row.role,
  joinedAt: row.joined_at,
  lastReadAt: row.last_read_at,
  lastReadMessageId: row.last_read_message_id,
  lastDeliveredAt: row.last_delivered_at,
});
