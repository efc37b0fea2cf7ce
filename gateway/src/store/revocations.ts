import { v7 as uuidv7 } from "uuid";
import type { Query, Statement } from "./db.ts";

export type RevocationReason = "tenant_suspended" | "tenant_deleted" | "user_deactivated" | "sessions_revoked";

/**
 * A statement that ends the sockets of a tenant, or of one of its users, on every gateway within a second or two. Older
 * entries go at the same time: no session lasts longer than a day.
 */
export const insertRevocation = (tenantId: string, userId: string | undefined, reason: RevocationReason): Query => ({
  statement: insertRow,
  values: [tenantId, uuidv7(), userId ?? null, reason],
});

const insertRow: Statement = {
  name: "insert-revocation",
  text: `
    with old as (
      delete from revocations where tenant_id = $1 and created_at < now() - interval '2 days'
    )
    insert into revocations (tenant_id, revocation_id, user_id, reason) values ($1, $2, $3, $4)`,
};
