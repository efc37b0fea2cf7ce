import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import type { Db, Statement } from "./db.ts";
import { deleteKeysOf } from "./idempotency.ts";
import { momentFromNow, revoking } from "./revocations.ts";
import { lockRoom } from "./room-lock.ts";

/**
 * Takes from a user's row all that is about the person, with its devices, its sessions and the answers that are kept for
 * its calls. Of a user that is deleted nothing changes. Answers whether there is such a row.
 */
export const eraseUser = async (db: Db, tenantId: string, userId: string): Promise<boolean> => {
  const results = await db.batch(tenantId, [
    { statement: erase, values: [tenantId, userId] },
    { statement: deleteDevices, values: [tenantId, userId] },
    deleteKeysOf(tenantId, userId),
    { statement: selectErased, values: [tenantId, userId] },
  ]);
  return results.at(-1)?.length === 1;
};

// The time of the deletion tells it from one of another life under this id.
const erase: Statement = {
  name: "erase-user",
  text: `
    with erased as (
      update users
      set username = 'Deleted user', app_code = null, avatar_url = null, metadata = null, deactivated_at = null,
        deleted_at = clock_timestamp(), sessions_valid_from = ${momentFromNow}, updated_at = now()
      where tenant_id = $1 and user_id = $2 and deleted_at is null
      returning user_id, sessions_valid_from
    ),
    ${revoking("erased", "user_deleted")}
    select from erased`,
};

const deleteDevices: Statement = {
  name: "delete-devices-of-user",
  text: "delete from devices where tenant_id = $1 and user_id = $2",
};

const selectErased: Statement = {
  name: "select-erased-user",
  text: "select from users where tenant_id = $1 and user_id = $2 and deleted_at is not null",
};

/**
 * Rooms that a deleted user ever came into and that its deletion has not been through, at most `limit`; with `messages`, also
 * those in which its messages are left.
 */
export const listRoomsToLeave = async (
  db: Db,
  tenantId: string,
  userId: string,
  { messages, limit }: { readonly messages: boolean; readonly limit: number },
): Promise<string[]> => {
  const rows = await db.query<{ room_id: string }>(tenantId, selectRoomsToLeave, [tenantId, userId, messages, limit]);
  return rows.map((row) => row.room_id);
};

const selectRoomsToLeave: Statement = {
  name: "select-rooms-to-leave",
  text: `
    select r.room_id
    from users u
    join user_rooms r on r.tenant_id = u.tenant_id and r.user_id = u.user_id
    where u.tenant_id = $1 and u.user_id = $2 and u.deleted_at is not null
      and (r.left_for is distinct from u.deleted_at or $3 and r.emptied_for is distinct from u.deleted_at)
    order by r.room_id
    limit $4`,
};

/** Says that the deletion of a user has been through a room; with `messages`, that none of its messages is left there. */
export const markRoomLeft = async (
  db: Db,
  tenantId: string,
  userId: string,
  roomId: string,
  messages: boolean,
): Promise<void> => {
  await db.query(tenantId, updateLeft, [tenantId, userId, roomId, messages]);
};

const updateLeft: Statement = {
  name: "mark-room-left",
  text: `
    update user_rooms r
    set left_for = u.deleted_at, emptied_for = case when $4 then u.deleted_at else r.emptied_for end
    from users u
    where r.tenant_id = $1 and r.user_id = $2 and r.room_id = $3 and u.tenant_id = $1 and u.user_id = $2`,
};

/** Messages of a user in a room that can be deleted and are not, at most `limit`. */
export const listMessagesToDelete = async (
  db: Db,
  tenantId: string,
  userId: string,
  roomId: string,
  limit: number,
): Promise<string[]> => {
  const values = [tenantId, roomId, userId, reservedPartTypes, limit];
  const rows = await db.query<{ message_id: string }>(tenantId, selectMessagesToDelete, values);
  return rows.map((row) => row.message_id);
};

// In the order of the index that begins with a room's senders, so that it is that one which is read. What the server wrote
// stays: it names the user by its id only.
const selectMessagesToDelete: Statement = {
  name: "select-messages-to-delete",
  text: `
    select message_id from messages
    where tenant_id = $1 and room_id = $2 and sender_id = $3 and deleted_at is null
      and coalesce(parts -> 0 ->> 'type', '') <> all($4::text[])
    order by client_message_id
    limit $5`,
};

/**
 * Writes the lines of a room that name a user anew, with the names of today: those of a deleted user have none. What a
 * message says stays, so this is no event.
 */
export const renameInLines = async (db: Db, tenantId: string, userId: string, roomId: string): Promise<void> => {
  const queries = [
    { statement: lockRoom, values: [tenantId, roomId] },
    { statement: rewriteLines, values: [tenantId, roomId, userId] },
  ];
  await db.batch(tenantId, queries, { plan: "once" });
};

// A line stands right behind the event that it is about. Each row is looked up by its whole key: in a join, and planned
// for a tenant that it does not know, Postgres has been seen to go through all messages of the room for each line.
const rewriteLines: Statement = {
  name: "rewrite-lines",
  text: `
    with lines as (
      select m.seq, m.created_at,
        case e.data ->> 'action'
          when 'joined' then target.username || ' joined'
          when 'left' then target.username || ' left'
          else actor.username || ' removed ' || target.username
        end as preview
      from events e
      cross join lateral (
        select seq, created_at, parts from messages
        where tenant_id = $1 and room_id = $2 and seq = e.seq + 1
        order by seq
        limit 1
      ) m
      cross join lateral (
        select username from users where tenant_id = $1 and user_id = e.actor_id order by user_id limit 1
      ) actor
      cross join lateral (
        select username from users where tenant_id = $1 and user_id = e.data -> 'targetUserIds' ->> 0
        order by user_id
        limit 1
      ) target
      where e.tenant_id = $1 and e.room_id = $2 and e.type = 'participants.changed'
        and $3 in (e.actor_id, e.data -> 'targetUserIds' ->> 0)
        and m.parts -> 0 ->> 'type' = 'data-membership'
    ),
    rewritten as (
      update messages m set preview_text = (select l.preview from lines l where l.seq = m.seq)
      where tenant_id = $1 and room_id = $2 and seq = any(array(select seq from lines))
    )
    update rooms r
    set last_message_preview = (select l.preview from lines l where l.created_at = r.last_message_at)
    where tenant_id = $1 and room_id = $2 and last_message_at = any(array(select created_at from lines))`,
};
