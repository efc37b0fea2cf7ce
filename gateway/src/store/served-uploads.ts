import type { Db, Statement } from "./db.ts";
import type { TenantStatus } from "./tenants.ts";
import type { Upload, UploadRow } from "./uploads.ts";
import { toUpload } from "./uploads.ts";

/** A file that somebody has a link to, and how its tenant stands. */
export interface ServedUpload {
  readonly upload: Upload;
  readonly tenantStatus: TenantStatus;
}

/** An upload with what is to be known of its tenant, for whoever brings a link and no credential. */
export const findServedUpload = async (
  db: Db,
  tenantId: string,
  uploadId: string,
): Promise<ServedUpload | undefined> => {
  const [row] = await db.query<UploadRow & { readonly tenant_status: TenantStatus }>(tenantId, selectServed, [
    tenantId,
    uploadId,
  ]);
  return row && { upload: toUpload(row), tenantStatus: row.tenant_status };
};

const selectServed: Statement = {
  name: "select-served-upload",
  text: `
    select u.*, t.status as tenant_status
    from uploads u
    join tenants t on t.tenant_id = u.tenant_id
    where u.tenant_id = $1 and u.upload_id = $2`,
};
