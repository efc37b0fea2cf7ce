import type { User } from "@sendsar/protocol/objects/user";
import type { Db, Statement } from "./db.ts";

/** What is given of a user. Absent: keep what is stored. Null: clear it. */
export interface UserFields {
  readonly username?: string | undefined;
  readonly appCode?: string | null | undefined;
  readonly avatarUrl?: string | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
}

export interface UserChange extends UserFields {
  readonly id: string;
  readonly username: string;
}

/** Creates or changes a user; says which. A deleted user is created: nothing that it had comes back. */
export const upsertUser = async (
  db: Db,
  tenantId: string,
  change: UserChange,
): Promise<{ readonly user: User; readonly created: boolean }> => {
  const [row] = await db.query<UserRow & { created: boolean }>(tenantId, upsert, toValues(tenantId, change.id, change));
  if (!row) throw new Error("unable to upsert a user; the statement answered no row");
  return { user: toUser(row), created: row.created };
};

/** Changes what is given of a user. Answers undefined when there is no such user. */
export const updateUser = async (
  db: Db,
  tenantId: string,
  userId: string,
  fields: UserFields,
): Promise<User | undefined> => {
  const [row] = await db.query<UserRow>(tenantId, update, toValues(tenantId, userId, fields));
  return row && toUser(row);
};

/** Pairs of what is given and whether it is. */
const toValues = (tenantId: string, userId: string, { username, appCode, avatarUrl, metadata }: UserFields) => [
  tenantId,
  userId,
  username ?? null,
  appCode ?? null,
  appCode !== undefined,
  avatarUrl ?? null,
  avatarUrl !== undefined,
  metadata == null ? null : JSON.stringify(metadata),
  metadata !== undefined,
];

// xmax is 0 on a row that this statement inserted. A deleted row has nothing left to keep, but the time from which on session
// tokens are good: those of the one before stay refused.
const upsert: Statement = {
  name: "upsert-user",
  text: `
    with before as (
      select deleted_at is not null as was_deleted from users where tenant_id = $1 and user_id = $2
    )
    insert into users as u (tenant_id, user_id, username, app_code, avatar_url, metadata, created_at, updated_at)
    values ($1, $2, $3, $4, $6, $8::json, now(), now())
    on conflict (tenant_id, user_id) do update set
      username = excluded.username,
      app_code = case when $5 then excluded.app_code else u.app_code end,
      avatar_url = case when $7 then excluded.avatar_url else u.avatar_url end,
      metadata = case when $9 then excluded.metadata else u.metadata end,
      created_at = case when u.deleted_at is null then u.created_at else now() end,
      deleted_at = null,
      updated_at = now()
    returning *, xmax = 0 or coalesce((select was_deleted from before), false) as created`,
};

const update: Statement = {
  name: "update-user",
  text: `
    update users set
      username = coalesce($3, username),
      app_code = case when $5 then $4 else app_code end,
      avatar_url = case when $7 then $6 else avatar_url end,
      metadata = case when $9 then $8::json else metadata end,
      updated_at = case when $3::text is not null or $5 or $7 or $9 then now() else updated_at end
    where tenant_id = $1 and user_id = $2 and deleted_at is null
    returning *`,
};

/** Reads a user that is not deleted. */
export const findUser = async (db: Db, tenantId: string, userId: string): Promise<User | undefined> => {
  const [row] = await db.query<UserRow>(tenantId, selectUser, [tenantId, userId]);
  return row && toUser(row);
};

const selectUser: Statement = {
  name: "select-user",
  text: "select * from users where tenant_id = $1 and user_id = $2 and deleted_at is null",
};

/** Users by id, from behind `after`; one more than asked for tells whether there are more. */
export const listUsers = async (
  db: Db,
  tenantId: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<{ readonly users: User[]; readonly hasMore: boolean }> => {
  // Every id comes after the empty one.
  const rows = await db.query<UserRow>(tenantId, selectUsers, [tenantId, after ?? "", limit + 1]);
  return { users: rows.slice(0, limit).map(toUser), hasMore: rows.length > limit };
};

const selectUsers: Statement = {
  name: "select-users",
  text: `
    select * from users
    where tenant_id = $1 and user_id > $2 and deleted_at is null
    order by user_id
    limit $3`,
};

export interface UserRow {
  readonly user_id: string;
  readonly username: string;
  readonly app_code: string | null;
  readonly avatar_url: string | null;
  readonly metadata: User["metadata"];
  readonly deactivated_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export const toUser = (row: UserRow): User => ({
  id: row.user_id,
  username: row.username,
  appCode: row.app_code,
  avatarUrl: row.avatar_url,
  metadata: row.metadata,
  deactivatedAt: row.deactivated_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
