import type { Db, Query, Statement } from "./db.ts";

/**
 * Where the bytes of an upload are until it is completed: clients write there, and nobody reads. No tenant's id begins so, and
 * the store may have a rule of its own for what is below.
 */
export const incomingKey = (tenantId: string, uploadId: string): string => `_incoming/${tenantId}/${uploadId}`;

/** Queues the objects of rows of uploads. */
const queueObjectsOf = (uploads: string): string => `
      insert into file_removals as f (tenant_id, object_key, due_at)
      select $1, o.object_key, o.due_at
      from ${uploads} u, lateral (values
        (u.object_key, now()),
        (concat_ws('/', '_incoming', $1::text, u.upload_id), greatest(now(), u.created_at + interval '2 hours'))
      ) o (object_key, due_at)
      where u.tenant_id = $1 and o.object_key is not null
      on conflict (tenant_id, object_key) do update set due_at = greatest(f.due_at, excluded.due_at)`;

const queueAll: Statement = { name: "queue-files-of-tenant", text: queueObjectsOf("uploads") };

/**
 * Steps of a statement that has deleted rows of `uploads` in its step `gone`: the tenant's counters follow, and the store
 * is to remove the objects. One that a client may still be writing, with an address that it was given before, is removed
 * when that has run out.
 */
export const removalSteps = `
    counted as (
      update storage_usage s
      set bytes_used = s.bytes_used - t.used, file_count = s.file_count - t.files,
        pending_bytes = s.pending_bytes - t.pending
      from (
        select coalesce(sum(size_bytes) filter (where status = 'completed'), 0) as used,
          count(*) filter (where status = 'completed') as files,
          coalesce(sum(size_bytes) filter (where status = 'pending'), 0) as pending
        from gone
      ) t
      where s.tenant_id = $1 and exists (select from gone)
    ),
    queued as (${queueObjectsOf("gone")})`;

/** For the deletion of a tenant, before its uploads are deleted: all of their objects are to be removed. */
export const removeTenantFiles = (tenantId: string): Query => ({ statement: queueAll, values: [tenantId] });

/**
 * Says before an object is made that it is garbage: whoever dies before the object is somebody's leaves nothing behind.
 * `completeUpload` takes it back.
 */
export const expectGarbage = async (db: Db, tenantId: string, objectKey: string): Promise<void> => {
  await db.query(tenantId, insertExpected, [tenantId, objectKey]);
};

const insertExpected: Statement = {
  name: "insert-expected-removal",
  text: "insert into file_removals (tenant_id, object_key, due_at) values ($1, $2, now() + interval '1 hour')",
};

/** An object to be removed, in a tenant's name. */
export interface DueRemoval {
  readonly tenantId: string;
  readonly objectKey: string;
}

/** Objects of all tenants served here that are due to be removed, the longest due first. */
export const listDueRemovals = async (db: Db, limit: number): Promise<DueRemoval[]> => {
  const rows = await db.query<{ tenant_id: string; object_key: string }>(db.everywhere, selectDue, [limit]);
  return rows.map((row) => ({ tenantId: row.tenant_id, objectKey: row.object_key }));
};

const selectDue: Statement = {
  name: "select-due-removals",
  text: `
    select tenant_id, object_key from file_removals
    where due_at <= now()
    order by due_at
    limit $1`,
};

/** An object that only who claimed it removes, until the claim is over. */
export interface ClaimedRemoval {
  readonly objectKey: string;
  readonly claimedUntil: string;
}

/**
 * Claims objects of a tenant for `leaseSeconds`: of two gateways that want the same one, one gets it. A claim instead of a
 * lock, because a lock would be held, with its connection, for as long as the store takes; one whose gateway died is due
 * again.
 */
export const claimRemovals = async (
  db: Db,
  tenantId: string,
  objectKeys: readonly string[],
  leaseSeconds: number,
): Promise<ClaimedRemoval[]> => {
  const rows = await db.query<{ object_key: string; due_at: string }>(tenantId, claim, [
    tenantId,
    objectKeys,
    leaseSeconds,
  ]);
  return rows.map((row) => ({ objectKey: row.object_key, claimedUntil: row.due_at }));
};

const claim: Statement = {
  name: "claim-removals",
  text: `
    update file_removals f
    set due_at = now() + make_interval(secs => $3)
    from (
      select object_key from file_removals
      where tenant_id = $1 and object_key = any($2) and due_at <= now()
      order by object_key
      for update skip locked
    ) due
    where f.tenant_id = $1 and f.object_key = due.object_key
    returning f.object_key, f.due_at`,
};

/** Forgets objects that are removed; not one that was queued anew in the meantime. */
export const settleRemovals = async (db: Db, tenantId: string, removed: readonly ClaimedRemoval[]): Promise<void> => {
  await db.query(tenantId, settle, [
    tenantId,
    removed.map(({ objectKey }) => objectKey),
    removed.map(({ claimedUntil }) => claimedUntil),
  ]);
};

const settle: Statement = {
  name: "settle-removals",
  text: `
    delete from file_removals f
    using unnest($2::text[], $3::timestamptz[]) as done (object_key, due_at)
    where f.tenant_id = $1 and f.object_key = done.object_key and f.due_at = done.due_at`,
};

/** An upload that was begun and not completed. */
export interface UnfinishedUpload {
  readonly tenantId: string;
  readonly uploadId: string;
}

/** Uploads of all tenants served here that were begun more than `hours` ago and not completed, the oldest first. */
export const listUnfinished = async (db: Db, hours: number, limit: number): Promise<UnfinishedUpload[]> => {
  const rows = await db.query<{ tenant_id: string; upload_id: string }>(db.everywhere, selectUnfinished, [
    hours,
    limit,
  ]);
  return rows.map((row) => ({ tenantId: row.tenant_id, uploadId: row.upload_id }));
};

const isUnfinished = "status = 'pending' and created_at < now() - make_interval(hours => $2)";

const selectUnfinished: Statement = {
  name: "select-unfinished-uploads",
  text: `
    select tenant_id, upload_id from uploads
    where ${isUnfinished.replace("$2", "$1")}
    order by created_at
    limit $2`,
};

/** Removes uploads of a tenant that are still unfinished. One that is being completed just now is completed first. */
export const removeUnfinished = async (
  db: Db,
  tenantId: string,
  uploadIds: readonly string[],
  hours: number,
): Promise<void> => {
  const values = [tenantId, hours, uploadIds];
  await db.batch(tenantId, [
    { statement: lockUnfinished, values },
    { statement: deleteUnfinished, values },
  ]);
};

const lockUnfinished: Statement = {
  name: "lock-unfinished-uploads",
  text: `
    select from uploads
    where tenant_id = $1 and upload_id = any($3::uuid[]) and ${isUnfinished}
    order by upload_id
    for update`,
};

const deleteUnfinished: Statement = {
  name: "delete-unfinished-uploads",
  text: `
    with gone as (
      delete from uploads
      where tenant_id = $1 and upload_id = any($3::uuid[]) and ${isUnfinished}
      returning *
    ),
    ${removalSteps}
    select 1 from gone`,
};
