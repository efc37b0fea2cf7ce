import type { User } from "@sendsar/protocol/objects/user";
import type { Db, Statement } from "./db.ts";

export interface UserChange {
  readonly id: string;
  readonly username: string;
  /** Absent: keep what is stored. Null: clear it. */
  readonly appCode?: string | null | undefined;
  readonly avatarUrl?: string | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
}

/** Creates or changes a user; says which. */
export const upsertUser = async (
  db: Db,
  tenantId: string,
  change: UserChange,
): Promise<{ readonly user: User; readonly created: boolean }> => {
  const { id, username, appCode, avatarUrl, metadata } = change;
  const [row] = await db.query<UserRow & { created: boolean }>(tenantId, upsert, [
    tenantId,
    id,
    username,
    appCode ?? null,
    appCode !== undefined,
    avatarUrl ?? null,
    avatarUrl !== undefined,
    metadata == null ? null : JSON.stringify(metadata),
    metadata !== undefined,
  ]);
  if (!row) throw new Error("unable to upsert a user; the statement answered no row");
  return { user: toUser(row), created: row.created };
};

// xmax is 0 on a row that this statement inserted.
const upsert: Statement = {
  name: "upsert-user",
  text: `
    insert into users as u (tenant_id, user_id, username, app_code, avatar_url, metadata, created_at, updated_at)
    values ($1, $2, $3, $4, $6, $8::json, now(), now())
    on conflict (tenant_id, user_id) do update set
      username = excluded.username,
      app_code = case when $5 then excluded.app_code else u.app_code end,
      avatar_url = case when $7 then excluded.avatar_url else u.avatar_url end,
      metadata = case when $9 then excluded.metadata else u.metadata end,
      updated_at = now()
    returning *, xmax = 0 as created`,
};

/** Is this user there, and may it act? */
export const findUserState = async (
  db: Db,
  tenantId: string,
  userId: string,
): Promise<{ readonly deactivated: boolean } | undefined> => {
  const [row] = await db.query<{ deactivated: boolean }>(tenantId, selectState, [tenantId, userId]);
  return row;
};

const selectState: Statement = {
  name: "select-user-state",
  text: "select deactivated_at is not null as deactivated from users where tenant_id = $1 and user_id = $2",
};

interface UserRow {
  readonly user_id: string;
  readonly username: string;
  readonly app_code: string | null;
  readonly avatar_url: string | null;
  readonly metadata: User["metadata"];
  readonly created_at: string;
  readonly updated_at: string;
}

const toUser = (row: UserRow): User => ({
  id: row.user_id,
  username: row.username,
  appCode: row.app_code,
  avatarUrl: row.avatar_url,
  metadata: row.metadata,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
