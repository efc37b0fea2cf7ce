import type { Query, Statement } from "./db.ts";

export type RevocationReason =
  | "tenant_suspended"
  | "tenant_deleted"
  | "user_deactivated"
  | "user_deleted"
  | "sessions_revoked";

/** A statement that ends all sockets of a tenant on every gateway within a second or two, for use in a batch. */
export const insertRevocation = (tenantId: string, reason: RevocationReason): Query => ({
  statement: insertRow,
  values: [tenantId, reason],
});

/**
 * Parts of a `with` that end sockets on every gateway in the same way: those of the rows that `moved` has. It must have
 * `user_id`, null for all of the tenant, and `sessions_valid_from`: sockets with tokens minted later stay. `$1` is the tenant.
 * Older entries go at the same time: no session lasts longer than a day.
 */
export const revoking = (moved: string, reason: RevocationReason): string => `
  old as (
    delete from revocations where tenant_id = $1 and created_at < now() - interval '2 days'
  ),
  revoked as (
    insert into revocations (tenant_id, revocation_id, user_id, reason, issued_before)
    select $1, gen_random_uuid(), user_id, '${reason}', sessions_valid_from from ${moved}
  )`;

/**
 * A moment that every token minted so far is before, and none minted from now on: those are minted at this moment at the
 * earliest, because who mints reads it (`findSessionState`).
 */
export const momentFromNow = "date_trunc('milliseconds', clock_timestamp()) + interval '1 ms'";

const insertRow: Statement = {
  name: "insert-revocation",
  text: `
    with old as (
      delete from revocations where tenant_id = $1 and created_at < now() - interval '2 days'
    )
    insert into revocations (tenant_id, revocation_id, reason) values ($1, gen_random_uuid(), $2)`,
};
