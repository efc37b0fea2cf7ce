import type { Query, Statement } from "./db.ts";

/** A user who comes into a room and may not exist yet. */
export interface ComingUser {
  readonly userId: string;
  /** Absent: a known user keeps its name, a new one is named by its id. */
  readonly username?: string | undefined;
  readonly appCode?: string | undefined;
}

/**
 * Makes those users that are not there yet. One that was deleted comes back as a new one. Does nothing unless the room is
 * there and `operatorId`, if given, is an operator of it: who may not bring users in makes none.
 */
export const ensureUsers = (
  tenantId: string,
  roomId: string,
  users: readonly ComingUser[],
  operatorId?: string,
): readonly Query[] => {
  // A fixed order of locks, so that two rooms with the same people cannot wait for each other.
  const people = users.toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
  const values = [
    tenantId,
    roomId,
    people.map((person) => person.userId),
    people.map((person) => person.username ?? null),
    people.map((person) => person.appCode ?? null),
    operatorId ?? null,
  ];
  return [
    { statement: insertMissing, values },
    { statement: reviveDeleted, values },
  ];
};

const given = "unnest($3::text[], $4::text[], $5::text[]) as given (user_id, username, app_code)";
const mayBeMade = `
    exists (select from rooms where tenant_id = $1 and room_id = $2 and deleted_at is null)
    and ($6::text is null or exists (
      select from participants where tenant_id = $1 and room_id = $2 and user_id = $6 and role = 'OPERATOR'))`;

const insertMissing: Statement = {
  name: "insert-missing-users",
  text: `
    insert into users as u (tenant_id, user_id, username, app_code, created_at, updated_at)
    select $1, given.user_id, coalesce(given.username, given.user_id), given.app_code, now(), now()
    from ${given}
    where ${mayBeMade}
    on conflict (tenant_id, user_id) do nothing`,
};

// Sessions from before the deletion stay refused.
const reviveDeleted: Statement = {
  name: "revive-deleted-users",
  text: `
    update users u
    set username = coalesce(given.username, given.user_id), app_code = given.app_code, avatar_url = null,
      metadata = null, deactivated_at = null, deleted_at = null, created_at = now(), updated_at = now()
    from ${given}
    where u.tenant_id = $1 and u.user_id = given.user_id and u.deleted_at is not null and ${mayBeMade}`,
};
