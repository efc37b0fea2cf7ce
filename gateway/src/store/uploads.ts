import type { Db, Statement } from "./db.ts";
import { removalSteps } from "./file-removals.ts";
import { quotaBytes } from "./storage-usage.ts";

/** A file, announced or arrived. */
export interface Upload {
  readonly uploadId: string;
  readonly filename: string;
  /** Without parameters. */
  readonly mediaType: string;
  readonly status: "pending" | "completed";
  /** Announced while pending, counted once completed. */
  readonly sizeBytes: number;
  /** Where the store keeps the bytes; undefined until it is completed. */
  readonly objectKey: string | undefined;
  readonly createdAt: string;
}

/** An upload that somebody wants to begin. */
export interface NewUpload extends Omit<Upload, "status" | "objectKey" | "createdAt"> {
  /** Whose it is; undefined for one of the backend. */
  readonly userId: string | undefined;
  /** The room that it is meant for; whose it is must be in it. */
  readonly roomId: string | undefined;
  /** A backend may begin one for a frozen room. */
  readonly byBackend: boolean;
  /** Bytes of all files of a tenant without a quota of its own. */
  readonly quotaBytesDefault: number;
  /** Unfinished uploads that one user may have. */
  readonly unfinishedMax: number;
}

export type ReserveVerdict =
  | "reserved"
  | "user_not_found"
  | "room_not_found"
  | "room_frozen"
  | "too_many_uploads"
  | "storage_quota_exceeded";

/**
 * Begins an upload: its row is there, and its bytes are counted as announced. The tenant's counters are locked first, so
 * that calls at the same time together stay within the quota too.
 */
export const reserveUpload = async (db: Db, tenantId: string, upload: NewUpload): Promise<ReserveVerdict> => {
  const values = [
    tenantId,
    upload.uploadId,
    upload.userId ?? null,
    upload.roomId ?? null,
    upload.filename,
    upload.mediaType,
    upload.sizeBytes,
    upload.byBackend,
    upload.quotaBytesDefault,
    upload.unfinishedMax,
  ];
  const results = await db.batch(tenantId, [
    { statement: ensureUsage, values: [tenantId] },
    { statement: lockUsage, values: [tenantId] },
    { statement: reserve, values },
  ]);
  const [row] = results.at(-1) as unknown as { verdict: ReserveVerdict }[];
  if (!row) throw new Error("unable to begin an upload; the statement answered no row");
  return row.verdict;
};

const ensureUsage: Statement = {
  name: "ensure-storage-usage",
  text: "insert into storage_usage (tenant_id) values ($1) on conflict do nothing",
};

const lockUsage: Statement = {
  name: "lock-storage-usage",
  text: "select from storage_usage where tenant_id = $1 for no key update",
};

const reserve: Statement = {
  name: "reserve-upload",
  text: `
    with judged as (
      select case
        when $3::text is not null
          and not exists (select from users where tenant_id = $1 and user_id = $3 and deleted_at is null)
          then 'user_not_found'
        when $4::uuid is not null and (r.room_id is null or $3 is not null and p.user_id is null) then 'room_not_found'
        when r.is_frozen and not $8 then 'room_frozen'
        when $3 is not null
          and (select count(*) from uploads where tenant_id = $1 and user_id = $3 and status = 'pending') >= $10
          then 'too_many_uploads'
        when s.bytes_used + s.pending_bytes + $7::bigint > ${quotaBytes("$9")} then 'storage_quota_exceeded'
        else 'reserved'
      end as verdict
      from storage_usage s
      left join rooms r on r.tenant_id = $1 and r.room_id = $4 and r.deleted_at is null
      left join participants p on p.tenant_id = $1 and p.room_id = $4 and p.user_id = $3
      where s.tenant_id = $1
    ),
    reserved as (
      insert into uploads (tenant_id, upload_id, user_id, room_id, filename, media_type, status, size_bytes)
      select $1, $2, $3, $4, $5, $6, 'pending', $7 from judged where verdict = 'reserved'
    ),
    counted as (
      update storage_usage s set pending_bytes = s.pending_bytes + $7
      from judged where s.tenant_id = $1 and judged.verdict = 'reserved'
    )
    select verdict from judged`,
};

/** An upload by its id; with an owner, only one of theirs. */
export const findUpload = async (
  db: Db,
  tenantId: string,
  uploadId: string,
  ownerId: string | undefined,
): Promise<Upload | undefined> => {
  const [row] = await db.query<UploadRow>(tenantId, selectUpload, [tenantId, uploadId, ownerId ?? null]);
  return row && toUpload(row);
};

const selectUpload: Statement = {
  name: "select-upload",
  text: `
    select * from uploads
    where tenant_id = $1 and upload_id = $2 and ($3::text is null or user_id = $3)`,
};

/** Whether an upload was begun and neither completed nor removed. */
export const isPendingUpload = async (db: Db, tenantId: string, uploadId: string): Promise<boolean> =>
  (await findUpload(db, tenantId, uploadId, undefined))?.status === "pending";

/**
 * Of these uploads, those that have arrived and that the viewer may read: its own, and files of messages that it may read.
 * Without a viewer all that have arrived.
 */
export const listReadable = async (
  db: Db,
  tenantId: string,
  viewerId: string | undefined,
  uploadIds: readonly string[],
): Promise<Upload[]> => {
  const rows = await db.query<UploadRow>(tenantId, selectReadable, [tenantId, viewerId ?? null, uploadIds]);
  return rows.map(toUpload);
};

const selectReadable: Statement = {
  name: "select-readable-uploads",
  text: `
    select u.* from uploads u
    where u.tenant_id = $1 and u.upload_id = any($3::uuid[]) and u.status = 'completed'
      and ($2::text is null or u.user_id = $2 or exists (
        select from upload_uses s
        join participants p on p.tenant_id = $1 and p.room_id = s.room_id and p.user_id = $2
        -- A look into the index of ids for each, whatever the statistics say.
        cross join lateral (
          select 1 from messages m
          where m.tenant_id = $1 and m.message_id = s.message_id and m.seq > p.cleared_seq
          limit 1
        ) readable
        where s.tenant_id = $1 and s.upload_id = u.upload_id))`,
};

/** What was found out about a file that arrived, and where it is now. */
export type Arrival = Pick<Upload, "mediaType" | "sizeBytes"> & { readonly objectKey: string };

/**
 * Completes an upload that is pending, and answers it as it then stands; undefined when it is gone. Of two that complete
 * it at once the first one's object is the file.
 */
export const completeUpload = async (
  db: Db,
  tenantId: string,
  uploadId: string,
  arrival: Arrival,
): Promise<Upload | undefined> => {
  const key = [tenantId, uploadId];
  const results = await db.batch(tenantId, [
    { statement: lockUpload, values: key },
    { statement: complete, values: [...key, arrival.mediaType, arrival.sizeBytes, arrival.objectKey] },
    { statement: selectUpload, values: [...key, null] },
  ]);
  const [row] = results.at(-1) as unknown as UploadRow[];
  return row && toUpload(row);
};

const lockUpload: Statement = {
  name: "lock-upload",
  text: "select from uploads where tenant_id = $1 and upload_id = $2 for update",
};

// The address with which the bytes came works on for a while; what is put there then is nobody's.
const complete: Statement = {
  name: "complete-upload",
  text: `
    with announced as (
      select size_bytes, created_at from uploads
      where tenant_id = $1 and upload_id = $2 and status = 'pending'
    ),
    completed as (
      update uploads u set status = 'completed', media_type = $3, size_bytes = $4, object_key = $5
      from announced
      where u.tenant_id = $1 and u.upload_id = $2
    ),
    counted as (
      update storage_usage s
      set bytes_used = s.bytes_used + $4, file_count = s.file_count + 1, pending_bytes = s.pending_bytes - a.size_bytes
      from announced a
      where s.tenant_id = $1
    ),
    kept as (
      delete from file_removals f using announced where f.tenant_id = $1 and f.object_key = $5
    )
    insert into file_removals (tenant_id, object_key, due_at)
    select $1, concat_ws('/', '_incoming', $1::text, $2::uuid), greatest(now(), created_at + interval '2 hours')
    from announced
    on conflict (tenant_id, object_key) do nothing`,
};

/**
 * Removes an upload that no message uses; with an owner, only one of theirs. Who sends it at the same moment is either
 * before this or after it.
 */
export const removeUpload = async (
  db: Db,
  tenantId: string,
  uploadId: string,
  ownerId: string | undefined,
): Promise<"removed" | "upload_in_use" | "upload_not_found"> => {
  const key = [tenantId, uploadId];
  const results = await db.batch(tenantId, [
    { statement: lockUpload, values: key },
    { statement: remove, values: [...key, ownerId ?? null] },
  ]);
  const [row] = results.at(-1) as unknown as { is_used: boolean }[];
  if (!row) return "upload_not_found";
  return row.is_used ? "upload_in_use" : "removed";
};

const remove: Statement = {
  name: "remove-upload",
  text: `
    with found as (
      select exists (select from upload_uses where tenant_id = $1 and upload_id = $2) as is_used
      from uploads
      where tenant_id = $1 and upload_id = $2 and ($3::text is null or user_id = $3)
    ),
    gone as (
      delete from uploads u using found
      where u.tenant_id = $1 and u.upload_id = $2 and not found.is_used
      returning u.*
    ),
    ${removalSteps}
    select is_used from found`,
};

export interface UploadRow {
  readonly upload_id: string;
  readonly filename: string;
  readonly media_type: string;
  readonly status: Upload["status"];
  readonly size_bytes: number;
  readonly object_key: string | null;
  readonly created_at: string;
}

export const toUpload = (row: UploadRow): Upload => ({
  uploadId: row.upload_id,
  filename: row.filename,
  mediaType: row.media_type,
  status: row.status,
  sizeBytes: row.size_bytes,
  objectKey: row.object_key ?? undefined,
  createdAt: row.created_at,
});
