import type { User } from "@sendsar/protocol/objects/user";
import type { Db, Statement } from "./db.ts";
import { momentFromNow, revoking } from "./revocations.ts";
import type { SharedReads } from "./shared-reads.ts";
import type { UserRow } from "./users.ts";
import { toUser } from "./users.ts";

/** What decides whether a user's session tokens are good. */
export interface SessionState {
  /** False for one that is not there, or was deleted. */
  readonly known: boolean;
  readonly deactivated: boolean;
  /** Tokens minted before are refused. Milliseconds since the epoch; 0 when none is. */
  readonly validFromMs: number;
  /** When this was read, by the database's clock. Who mints a token mints it at this time: all gateways share that clock. */
  readonly readAtMs: number;
}

export const findSessionState = async (reads: SharedReads, tenantId: string, userId: string): Promise<SessionState> => {
  const [row] = await reads.query<SessionRow>(tenantId, selectSessionState, [tenantId, userId]);
  if (!row) throw new Error("unable to read the state of a user; the statement answered no row");
  return {
    known: row.known,
    deactivated: row.deactivated,
    validFromMs: row.valid_from === null ? 0 : Date.parse(row.valid_from),
    readAtMs: Date.parse(row.read_at),
  };
};

interface SessionRow {
  readonly known: boolean;
  readonly deactivated: boolean;
  readonly valid_from: string | null;
  readonly read_at: string;
}

const selectSessionState: Statement = {
  name: "select-session-state",
  text: `
    select u.user_id is not null as known, u.deactivated_at is not null as deactivated,
      greatest(t.sessions_valid_from, u.sessions_valid_from) as valid_from, clock_timestamp() as read_at
    from (values ($1::text)) given (tenant_id)
    left join tenants t on t.tenant_id = given.tenant_id
    left join users u on u.tenant_id = t.tenant_id and u.user_id = $2 and u.deleted_at is null`,
};

/**
 * Locks a user out: its tokens are refused, now and after it was let in again, and its sockets are cut. Of a user that is
 * locked out nothing changes. Answers undefined when there is no such user.
 */
export const deactivateUser = (db: Db, tenantId: string, userId: string): Promise<User | undefined> =>
  changeAndRead(db, tenantId, userId, lockOut);

/** Lets a user in again. Answers undefined when there is no such user. */
export const reactivateUser = (db: Db, tenantId: string, userId: string): Promise<User | undefined> =>
  changeAndRead(db, tenantId, userId, letIn);

const changeAndRead = async (
  db: Db,
  tenantId: string,
  userId: string,
  statement: Statement,
): Promise<User | undefined> => {
  // Read in a statement of its own: it sees what another call that was faster did.
  const [, rows] = await db.batch(tenantId, [
    { statement, values: [tenantId, userId] },
    { statement: selectChanged, values: [tenantId, userId] },
  ]);
  const row = rows?.[0] as UserRow | undefined;
  return row && toUser(row);
};

const lockOut: Statement = {
  name: "deactivate-user",
  text: `
    with moved as (
      update users set deactivated_at = now(), sessions_valid_from = ${momentFromNow}, updated_at = now()
      where tenant_id = $1 and user_id = $2 and deactivated_at is null and deleted_at is null
      returning user_id, sessions_valid_from
    ),
    ${revoking("moved", "user_deactivated")}
    select from moved`,
};

const letIn: Statement = {
  name: "reactivate-user",
  text: `
    update users set deactivated_at = null, updated_at = now()
    where tenant_id = $1 and user_id = $2 and deactivated_at is not null and deleted_at is null`,
};

const selectChanged: Statement = {
  name: "select-changed-user",
  text: "select * from users where tenant_id = $1 and user_id = $2 and deleted_at is null",
};

/**
 * Refuses the session tokens of a user that were minted before a moment, and cuts the sockets that were let in with one.
 * The moment is now when it is not given, and never later; an earlier revocation stays in force. Answers whether there is
 * such a user.
 */
export const revokeUserSessions = async (
  db: Db,
  tenantId: string,
  userId: string,
  issuedBefore: string | undefined,
): Promise<boolean> => {
  const rows = await db.query(tenantId, revokeOfUser, [tenantId, issuedBefore ?? null, userId]);
  return rows.length === 1;
};

/** The same for all users of a tenant. */
export const revokeAllSessions = async (db: Db, tenantId: string, issuedBefore: string | undefined): Promise<void> => {
  await db.query(tenantId, revokeOfTenant, [tenantId, issuedBefore ?? null]);
};

const laterOf = `greatest(sessions_valid_from, least($2::timestamptz(3), ${momentFromNow}))`;

const revokeOfUser: Statement = {
  name: "revoke-user-sessions",
  text: `
    with moved as (
      update users set sessions_valid_from = ${laterOf}
      where tenant_id = $1 and user_id = $3 and deleted_at is null
      returning user_id, sessions_valid_from
    ),
    ${revoking("moved", "sessions_revoked")}
    select 1 from moved`,
};

const revokeOfTenant: Statement = {
  name: "revoke-all-sessions",
  text: `
    with moved as (
      update tenants set sessions_valid_from = ${laterOf}
      where tenant_id = $1
      returning null::text as user_id, sessions_valid_from
    ),
    ${revoking("moved", "sessions_revoked")}
    select 1 from moved`,
};
