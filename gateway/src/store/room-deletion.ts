import type { Db, Query, Statement } from "./db.ts";
import type { MembershipChange } from "./log.ts";
import { lockRoom } from "./room-lock.ts";
import { releaseRoomFiles } from "./upload-uses.ts";

/** The last event of a room: everybody was removed. */
export interface RoomEnd {
  readonly seq: number;
  readonly change: MembershipChange;
}

/**
 * Deletes a room for everybody: its last event removes all participants, and from the commit on it is not there for
 * anybody. Its row stays, without a name, so that the event has its place. Takes the room's lock first: a message is
 * either before the end and goes with the room, or it is refused. Undefined when there is no such room.
 *
 * A room with few messages is empty then. What is left of one with many is cleared by `clearRoom`, in steps, because no
 * single transaction could take any number of them.
 */
export const deleteRoom = async (db: Db, tenantId: string, roomId: string): Promise<RoomEnd | undefined> => {
  const [, ends] = await db.batch(tenantId, [
    { statement: lockRoom, values: [tenantId, roomId] },
    { statement: endRoom, values: [tenantId, roomId] },
    ...clearingStep(tenantId, roomId),
  ]);
  return ends?.[0] as RoomEnd | undefined;
};

// Its first operator stands for who ended it, or its first participant: no participant did.
const endRoom: Statement = {
  name: "end-room",
  text: `
    with ended as (
      select last_seq + 1 as seq,
        greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms') as created_at
      from rooms
      where tenant_id = $1 and room_id = $2 and deleted_at is null
    ),
    gone as (
      delete from participants p using ended
      where p.tenant_id = $1 and p.room_id = $2
      returning p.user_id, p.role, p.joined_at
    ),
    end_event as (
      select json_build_object(
        'action', 'removed',
        'actorUserId', coalesce((array_agg(user_id order by role = 'OPERATOR' desc, joined_at, user_id))[1], ''),
        'targetUserIds', coalesce(json_agg(user_id order by joined_at, user_id), '[]')) as change
      from gone
    ),
    logged as (
      insert into events (tenant_id, room_id, seq, type, data, created_at)
      select $1, $2, e.seq, 'participants.changed', c.change, e.created_at from ended e cross join end_event c
    ),
    marked as (
      insert into rooms_to_clear (tenant_id, room_id) select $1, $2 from ended
    ),
    closed as (
      update rooms r
      set deleted_at = e.created_at, last_seq = e.seq, last_event_at = e.created_at, name = null, avatar_url = null,
        external_id = null, custom_type = null, metadata = null, last_message_preview = null
      from ended e
      where r.tenant_id = $1 and r.room_id = $2
    )
    select e.seq, c.change from ended e cross join end_event c`,
};

/** A deleted room that may still have messages. */
export interface UnclearedRoom {
  readonly tenantId: string;
  readonly roomId: string;
}

/** Deleted rooms of all tenants served here that may still have messages, in the order of their deletions. */
export const listUnclearedRooms = async (db: Db, limit: number): Promise<UnclearedRoom[]> => {
  const rows = await db.query<{ tenant_id: string; room_id: string }>(db.everywhere, selectUncleared, [limit]);
  return rows.map((row) => ({ tenantId: row.tenant_id, roomId: row.room_id }));
};

// Of all tenants in no tenant's context: the policy shows these rooms of all.
const selectUncleared: Statement = {
  name: "select-uncleared-rooms",
  text: "select tenant_id, room_id from rooms_to_clear order by created_at limit $1",
};

/** Removes some of the messages of a deleted room; true when there are none left. A room that is there keeps its own. */
export const clearRoom = async (db: Db, tenantId: string, roomId: string): Promise<boolean> => {
  const results = await db.batch(tenantId, [
    ...clearingStep(tenantId, roomId),
    { statement: selectMark, values: [tenantId, roomId] },
  ]);
  return results.at(-1)?.length === 0;
};

/** Messages removed in one transaction: some 100 ms of work. */
const stepMessagesMax = 10_000;
const stepFilesMax = 1000;

const clearingStep = (tenantId: string, roomId: string): Query[] => [
  ...releaseRoomFiles(tenantId, roomId, stepFilesMax),
  { statement: clearMessages, values: [tenantId, roomId, stepMessagesMax] },
  { statement: markCleared, values: [tenantId, roomId] },
];

const isDeleted = "exists (select from rooms where tenant_id = $1 and room_id = $2 and deleted_at is not null)";

// By place in the table: the step is then as large as it says, whatever the planner thinks of the room. Two gateways that
// clear one room do not wait for each other.
const firstMessages = `
    select ctid from messages where tenant_id = $1 and room_id = $2 and ${isDeleted} limit $3 for update skip locked`;

export const clearMessages: Statement = {
  name: "clear-messages-of-room",
  text: `delete from messages where tenant_id = $1 and ctid = any(array(${firstMessages}))`,
};

const markCleared: Statement = {
  name: "mark-room-cleared",
  text: `
    delete from rooms_to_clear
    where tenant_id = $1 and room_id = $2
      and not exists (select from messages where tenant_id = $1 and room_id = $2)
      and not exists (select from upload_uses where tenant_id = $1 and room_id = $2)`,
};

// Another gateway may have been the one to finish.
const selectMark: Statement = {
  name: "select-room-to-clear",
  text: "select 1 from rooms_to_clear where tenant_id = $1 and room_id = $2",
};
