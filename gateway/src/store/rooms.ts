import type { Participant, Role, RoomDetail, RoomKind, RoomSummary } from "@sendsar/protocol/objects/room";
import type { Db, Query, Statement } from "./db.ts";
import { deliveredAt } from "./receipts.ts";
import type { SharedReads } from "./shared-reads.ts";
import { isListed, lastReadMessageId, messageIdAt, unreadCount } from "./unread.ts";

/** Where a page of rooms ends: the next one starts behind it. */
export interface RoomPosition {
  readonly activityAt: string;
  readonly roomId: string;
}

export interface RoomFilter {
  /** Whose list, and whose unread counts; absent: all rooms of the tenant. */
  readonly viewerId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly customTypes?: readonly string[] | undefined;
  readonly after?: RoomPosition | undefined;
  readonly limit: number;
}

/**
 * Rooms by latest activity, newest first, ties by id. A viewer's list leaves out what the viewer has hidden. Asks for one
 * more than `limit` to know whether there are more.
 *
 * Pages are read one after the other, each as the list then is: a room that nothing happens to is on exactly one of them.
 * One that a message reaches moves to the top, so that it may come on no later page; who reads from the top again finds it.
 */
export const listRooms = async (
  db: Db,
  tenantId: string,
  filter: RoomFilter,
): Promise<{ readonly rooms: RoomSummary[]; readonly next: RoomPosition | undefined }> => {
  const { statement, values } = toListQuery(tenantId, filter);
  const rows = await db.query<RoomRow>(tenantId, statement, values);
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return {
    rooms: page.map(toSummary),
    next: more ? { activityAt: last.activity_at, roomId: last.room_id } : undefined,
  };
};

const viewerColumns = `
  ${unreadCount} as unread_count, ${lastReadMessageId} as last_read_message_id, p.cleared_at`;
const noViewerColumns = "null as unread_count, null as last_read_message_id, null as cleared_at";

/**
 * A statement of its own for each set of filters. In one for all, with conditions that fall away when their value is null,
 * the plan could not depend on which are there, and a look for one `externalId` would go through all rooms of the tenant.
 * `offset 0` and the laterals keep each look a look into one index, also for a tenant that the statistics do not know yet.
 */
export const toListQuery = (tenantId: string, filter: RoomFilter): Query => {
  const { viewerId, externalId, customTypes, after, limit } = filter;
  const values: unknown[] = [tenantId, limit + 1];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const traits: string[] = [];
  const conditions = ["r.tenant_id = $1", "r.deleted_at is null"];
  let tables = "rooms r";
  if (externalId !== undefined) {
    traits.push("by-external-id");
    tables = `(select * from rooms where tenant_id = $1 and external_id = ${bind(externalId)} offset 0) r`;
  }
  if (viewerId !== undefined) {
    traits.push("of-user");
    conditions.push(isListed);
    const viewer = bind(viewerId);
    tables =
      externalId === undefined
        ? `(select * from participants where tenant_id = $1 and user_id = ${viewer} offset 0) p
      cross join lateral (select * from rooms where tenant_id = $1 and room_id = p.room_id offset 0) r`
        : `${tables}
      cross join lateral (
        select * from participants where tenant_id = $1 and room_id = r.room_id and user_id = ${viewer} offset 0) p`;
  }
  if (customTypes !== undefined) {
    traits.push("by-type");
    conditions.push(`r.custom_type = any(${bind(customTypes)}::text[])`);
  }
  if (after !== undefined) {
    traits.push("after");
    const [at, id] = [bind(after.activityAt), bind(after.roomId)];
    conditions.push(`r.activity_at <= ${at} and (r.activity_at < ${at} or r.room_id > ${id}::uuid)`);
  }
  const text = `
    select r.*, ${viewerId === undefined ? noViewerColumns : viewerColumns}
    from ${tables}
    where ${conditions.join(" and ")}
    order by r.activity_at desc, r.room_id
    limit $2`;
  return { statement: { name: ["select-rooms", ...traits].join("-"), text }, values };
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
    { statement: selectParticipants, values: [tenantId, roomId, viewerId ?? null] },
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
    where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null and ($3::text is null or p.user_id is not null)`,
};

// None are read for a viewer who is not one of them: how long that takes would tell how many there are (threat I05).
const selectParticipants: Statement = {
  name: "select-participants",
  text: `
    select p.*, u.username, u.avatar_url, ${deliveredAt} as delivered_at,
      case when p.last_read_at is not null then ${messageIdAt("p.last_read_seq")} end as last_read_message_id
    from participants p
    join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id
    where p.tenant_id = $1 and p.room_id = $2 and ($3::text is null or exists (
      select from participants v where v.tenant_id = $1 and v.room_id = $2 and v.user_id = $3))
    order by p.joined_at, p.user_id`,
};

/** A room and its last event. */
export interface RoomHead {
  readonly roomId: string;
  readonly lastSeq: number;
}

/** The rooms a user is in, at most `limit`, those with the latest activity first. */
export const listRoomHeadsOf = async (
  reads: SharedReads,
  tenantId: string,
  userId: string,
  limit: number,
): Promise<RoomHead[]> => {
  const rows = await reads.query<{ room_id: string; last_seq: number }>(tenantId, selectHeads, [
    tenantId,
    userId,
    limit,
  ]);
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

/** Is there such a room? */
export const isRoom = async (db: Db, tenantId: string, roomId: string): Promise<boolean> => {
  const rows = await db.query(tenantId, selectExistence, [tenantId, roomId]);
  return rows.length === 1;
};

const selectExistence: Statement = {
  name: "select-room-existence",
  text: "select 1 from rooms where tenant_id = $1 and room_id = $2 and deleted_at is null",
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
  readonly cleared_at: string | null;
}

interface ParticipantRow {
  readonly user_id: string;
  readonly username: string;
  readonly avatar_url: string | null;
  readonly role: Role;
  readonly joined_at: string;
  readonly last_read_at: string | null;
  readonly last_read_message_id: string | null;
  readonly delivered_at: string | null;
}

const toSummary = (row: RoomRow): RoomSummary => ({
  id: row.room_id,
  name: row.name,
  avatarUrl: row.avatar_url,
  externalId: row.external_id,
  customType: row.custom_type,
  metadata: row.metadata,
  isFrozen: row.is_frozen,
  lastMessage: toLastMessage(row),
  unreadCount: row.unread_count,
  lastReadMessageId: row.last_read_message_id,
  createdAt: row.created_at,
  kind: row.kind,
  isGroup: row.kind === "group",
  lastSeq: row.last_seq,
});

/** Null when the room is empty, for a viewer who has cleared it too. Times are ISO texts of one length, so they compare. */
const toLastMessage = (row: RoomRow): RoomSummary["lastMessage"] => {
  const { last_message_at: createdAt, last_message_preview: previewText, cleared_at: clearedAt } = row;
  if (createdAt === null || (clearedAt !== null && createdAt <= clearedAt)) return null;
  return { previewText, createdAt };
};

const toParticipant = (row: ParticipantRow): Participant => ({
  userId: row.user_id,
  username: row.username,
  avatarUrl: row.avatar_url,
  role: row.role,
  joinedAt: row.joined_at,
  lastReadAt: row.last_read_at,
  lastReadMessageId: row.last_read_message_id,
  lastDeliveredAt: row.delivered_at,
});
