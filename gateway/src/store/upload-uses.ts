import type { Db, Query, Statement } from "./db.ts";
import { removalSteps } from "./file-removals.ts";

/**
 * Which messages use which files. A file whose last use goes is removed with it.
 *
 * Order of locks, everywhere: rooms, then uploads by their ids, then the tenant's counters. Who uses a file locks it, so it
 * cannot be removed before the commit; who removes a use locks it too, so it sees every other use.
 */

/** Locks the files of messages to be written, which then either are there until the commit or are gone. */
export const lockFiles = (tenantId: string, uploadIds: readonly string[]): Query => ({
  statement: lockForUse,
  values: [tenantId, uploadIds],
});

const lockForUse: Statement = {
  name: "lock-files-for-use",
  text: `
    select from uploads
    where tenant_id = $1 and upload_id = any($2::uuid[])
    order by upload_id
    for share`,
};

/**
 * What stands around a change of a message's parts, in the transaction of the change: `before` locks the files that it
 * has and those that it is to have; `after` makes its uses those of the parts as they then are, whatever the change came to.
 */
export const aroundChange = (
  tenantId: string,
  roomId: string,
  messageId: string,
  uploadIds: readonly string[],
): { readonly before: Query; readonly after: Query } => ({
  before: { statement: lockOfChange, values: [tenantId, messageId, uploadIds] },
  after: { statement: syncUses, values: [tenantId, roomId, messageId] },
});

const lockOfChange: Statement = {
  name: "lock-files-of-change",
  text: `
    select from uploads
    where tenant_id = $1 and (upload_id = any($3::uuid[])
      or upload_id = any(array(select upload_id from upload_uses where tenant_id = $1 and message_id = $2)))
    order by upload_id
    for update`,
};

const syncUses: Statement = {
  name: "sync-upload-uses",
  text: `
    with named as (
      select u.upload_id from uploads u
      where u.tenant_id = $1 and u.status = 'completed' and u.upload_id = any(array(
        -- Older parts may have any text there.
        select case when part ->> 'uploadId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
          then (part ->> 'uploadId')::uuid end
        from messages m, json_array_elements(m.parts) part
        where m.tenant_id = $1 and m.message_id = $3))
    ),
    added as (
      insert into upload_uses (tenant_id, upload_id, room_id, message_id)
      select $1, upload_id, $2, $3 from named
      on conflict do nothing
    ),
    unused as (
      delete from upload_uses
      where tenant_id = $1 and message_id = $3 and upload_id not in (select upload_id from named)
      returning upload_id
    ),
    gone as (
      delete from uploads u using unused
      where u.tenant_id = $1 and u.upload_id = unused.upload_id
        and not exists (
          select from upload_uses o
          where o.tenant_id = $1 and o.upload_id = u.upload_id and o.message_id <> $3)
      returning u.*
    ),
    ${removalSteps}
    select 1 from gone`,
};

/** For the clearing of a deleted room: its messages use some files less, at most `limit` of them at a time. */
export const releaseRoomFiles = (tenantId: string, roomId: string, limit: number): readonly Query[] => [
  { statement: lockOfRoom, values: [tenantId, roomId, limit] },
  { statement: releaseRoom, values: [tenantId, roomId, limit] },
];

// Both statements pick the same ones: a deleted room gets no new files.
const filesOfRoom = `
  select distinct upload_id from upload_uses
  where tenant_id = $1 and room_id = $2
    and exists (select from rooms where tenant_id = $1 and room_id = $2 and deleted_at is not null)
  order by upload_id
  limit $3`;

const lockOfRoom: Statement = {
  name: "lock-files-of-room",
  text: `
    select from uploads
    where tenant_id = $1 and upload_id = any(array(${filesOfRoom}))
    order by upload_id
    for update`,
};

const releaseRoom: Statement = {
  name: "release-files-of-room",
  text: `
    with unused as (
      delete from upload_uses
      where tenant_id = $1 and room_id = $2 and upload_id = any(array(${filesOfRoom}))
      returning upload_id
    ),
    gone as (
      delete from uploads u using (select distinct upload_id from unused) n
      where u.tenant_id = $1 and u.upload_id = n.upload_id
        and not exists (
          select from upload_uses o where o.tenant_id = $1 and o.upload_id = u.upload_id and o.room_id <> $2)
      returning u.*
    ),
    ${removalSteps}
    select 1 from gone`,
};

/**
 * For the deletion of a user, at most `limit` files of it at a time: those that no message uses are removed, the others
 * belong to their messages and to nobody. Answers whether that was all.
 */
export const releaseUserFiles = async (db: Db, tenantId: string, userId: string, limit: number): Promise<boolean> => {
  const found = await db.query<{ upload_id: string }>(tenantId, selectOfUser, [tenantId, userId, limit + 1]);
  if (found.length === 0) return true;
  const uploadIds = found.slice(0, limit).map((row) => row.upload_id);
  await db.batch(tenantId, [
    { statement: lockAll, values: [tenantId, uploadIds] },
    { statement: releaseAll, values: [tenantId, uploadIds] },
  ]);
  return found.length <= limit;
};

const selectOfUser: Statement = {
  name: "select-uploads-of-user",
  text: "select upload_id from uploads where tenant_id = $1 and user_id = $2 limit $3",
};

const lockAll: Statement = {
  name: "lock-files-for-release",
  text: `
    select from uploads
    where tenant_id = $1 and upload_id = any($2::uuid[])
    order by upload_id
    for update`,
};

const releaseAll: Statement = {
  name: "release-files-of-user",
  text: `
    with judged as (
      select upload_id, exists (
        select from upload_uses o where o.tenant_id = $1 and o.upload_id = u.upload_id) as is_used
      from uploads u
      where tenant_id = $1 and upload_id = any($2::uuid[])
    ),
    kept as (
      update uploads u set user_id = null
      from judged j
      where u.tenant_id = $1 and u.upload_id = j.upload_id and j.is_used
    ),
    gone as (
      delete from uploads u using judged j
      where u.tenant_id = $1 and u.upload_id = j.upload_id and not j.is_used
      returning u.*
    ),
    ${removalSteps}
    select 1 from gone`,
};
