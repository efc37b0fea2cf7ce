import type { Db, Statement } from "./db.ts";

/** Bytes that a tenant's files may take, in a statement whose first value is the tenant; `fallback` names the default. */
export const quotaBytes = (fallback: string): string =>
  `coalesce((select (quotas ->> 'storageBytes')::bigint from tenants where tenant_id = $1), ${fallback}::bigint)`;

/** What the files of a tenant take. */
export const readStorageUsage = async (
  db: Db,
  tenantId: string,
  quotaBytesDefault: number,
): Promise<{
  readonly bytesUsed: number;
  readonly fileCount: number;
  readonly pendingBytes: number;
  readonly quotaBytes: number;
}> => {
  const [row] = await db.query<UsageRow>(tenantId, selectUsage, [tenantId, quotaBytesDefault]);
  return {
    bytesUsed: row?.bytes_used ?? 0,
    fileCount: row?.file_count ?? 0,
    pendingBytes: row?.pending_bytes ?? 0,
    quotaBytes: row?.quota_bytes ?? quotaBytesDefault,
  };
};

const selectUsage: Statement = {
  name: "select-storage-usage",
  text: `
    select s.bytes_used, s.file_count, s.pending_bytes, ${quotaBytes("$2")} as quota_bytes
    from (select) one left join storage_usage s on s.tenant_id = $1`,
};

interface UsageRow {
  readonly bytes_used: number | null;
  readonly file_count: number | null;
  readonly pending_bytes: number | null;
  readonly quota_bytes: number;
}
