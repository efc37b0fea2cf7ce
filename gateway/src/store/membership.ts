import type { Db, Query, Statement } from "./db.ts";
import type { MembershipChange } from "./log.ts";
import { lockRoom } from "./room-lock.ts";
import { ensureUsers } from "./room-users.ts";

/** A change of membership that somebody asks for. */
export interface MembershipRequest {
  readonly roomId: string;
  readonly action: "add" | "remove";
  readonly targetUserId: string;
  /** In whose name; the target itself when a backend names nobody. */
  readonly actorUserId: string;
  /** A backend may do what among participants only an operator may. */
  readonly byBackend: boolean;
  /** For `add`: the name of a user that is not there yet, or from a backend its new one. */
  readonly username: string | undefined;
  /** Id of the line that tells the room. */
  readonly messageId: string;
  readonly participantsMax: number;
  /** Rooms that a user can be in. */
  readonly userRoomsMax: number;
}

export type MembershipResult =
  | {
      readonly verdict: "changed";
      readonly seq: number;
      readonly createdAt: string;
      readonly change: MembershipChange;
      /** The line that tells a group; a direct room has none. */
      readonly line: { readonly seq: number; readonly createdAt: string; readonly previewText: string } | undefined;
      /** Who became an operator, because the last one went. */
      readonly heir: { readonly seq: number; readonly userId: string } | undefined;
    }
  | {
      readonly verdict:
        | "unchanged"
        | "room_not_found"
        | "participant_not_found"
        | "user_not_found"
        | "operator_required"
        | "direct_room"
        | "room_full"
        | "too_many_rooms";
    };

/**
 * Adds or removes a participant: the change is an event of the room's log, followed in a group by a line that says so.
 * Takes the room's lock first, as every change of a room does, so a message is either before the change or after it.
 * Who comes has all history, and nothing of it is unread. The last operator who goes is followed by who has been there
 * longest, which is an event too.
 */
export const changeMembership = async (
  db: Db,
  tenantId: string,
  request: MembershipRequest,
): Promise<MembershipResult> => {
  const { roomId, targetUserId, actorUserId, action } = request;
  const { byBackend, username, participantsMax, userRoomsMax } = request;
  const values = [tenantId, roomId, targetUserId, actorUserId, byBackend, request.messageId];
  const queries: readonly Query[] =
    action === "add"
      ? [
          ...ensureUsers(tenantId, roomId, [{ userId: targetUserId, username }], byBackend ? undefined : actorUserId),
          { statement: renameUser, values: [tenantId, roomId, targetUserId, username ?? null, byBackend] },
          { statement: add, values: [...values, participantsMax, userRoomsMax] },
        ]
      : [{ statement: remove, values }];
  const results = await db.batch(tenantId, [{ statement: lockRoom, values: [tenantId, roomId] }, ...queries]);
  const row = results.at(-1)?.[0] as ResultRow | undefined;
  if (!row) return { verdict: "room_not_found" };
  if (row.verdict !== "changed" || row.seq === null || row.created_at === null || row.change === null) {
    return { verdict: row.verdict as Exclude<MembershipResult["verdict"], "changed"> };
  }
  return {
    verdict: "changed",
    seq: row.seq,
    createdAt: row.created_at,
    change: row.change,
    line:
      row.line_seq !== null && row.line_at !== null && row.preview !== null
        ? { seq: row.line_seq, createdAt: row.line_at, previewText: row.preview }
        : undefined,
    heir: row.heir_seq !== null && row.heir_id !== null ? { seq: row.heir_seq, userId: row.heir_id } : undefined,
  };
};

interface ResultRow {
  readonly verdict: MembershipResult["verdict"];
  readonly seq: number | null;
  readonly created_at: string | null;
  readonly change: MembershipChange | null;
  readonly line_seq: number | null;
  readonly line_at: string | null;
  readonly preview: string | null;
  readonly heir_seq: number | null;
  readonly heir_id: string | null;
}

// Only for a backend: an operator of some room must not give other users their names.
const renameUser: Statement = {
  name: "rename-joining-user",
  text: `
    update users set username = $4, updated_at = now()
    where $5 and tenant_id = $1 and user_id = $3 and username <> $4
      and exists (select from rooms where tenant_id = $1 and room_id = $2 and deleted_at is null)`,
};

/** Everything the two changes have in common: `judged` has the verdict, the rest does it. `change` has a CTE `heir`. */
const carryOut = (action: string, preview: string, change: string): string => `
  stamped as (
    select *, last_seq + 1 as seq,
      greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms') as created_at,
      json_build_object('action', ${action}, 'actorUserId', $4::text, 'targetUserIds', json_build_array($3::text)) as change,
      ${preview} as preview
    from judged
    where verdict = 'changed'
  ),
  ${change},
  line as (
    insert into messages (tenant_id, room_id, seq, message_id, sender_id, parts, preview_text, ordinal, created_at)
    select $1, $2, seq + 1, $6, $4,
      json_build_array(json_build_object('type', 'data-membership', 'data',
        json_build_object('action', ${action}, 'actorUserId', $4::text, 'targetUserId', $3::text))),
      preview, message_count, created_at + interval '1 ms'
    from stamped
    where kind = 'group'
    returning seq, created_at, preview_text
  ),
  promotion as (
    select h.user_id, coalesce(l.seq, s.seq) + 1 as seq,
      coalesce(l.created_at, s.created_at) + interval '1 ms' as created_at
    from heir h cross join stamped s left join line l on true
  ),
  logged as (
    insert into events (tenant_id, room_id, seq, type, actor_id, message_id, data, created_at)
    select $1, $2, seq, 'participants.changed', $4, null::uuid, change, created_at from stamped
    union all
    select $1, $2, seq, 'message.created', $4, $6, null, created_at from line
    union all
    select $1, $2, seq, 'participant.updated', $4, null,
      json_build_object('userId', user_id, 'role', 'OPERATOR'), created_at
    from promotion
  ),
  counted as (
    update rooms r
    set last_seq = coalesce(h.seq, l.seq, s.seq), last_event_at = coalesce(h.created_at, l.created_at, s.created_at),
      last_message_at = coalesce(l.created_at, r.last_message_at),
      last_message_preview = case when l.seq is null then r.last_message_preview else l.preview_text end,
      activity_at = coalesce(l.created_at, r.activity_at)
    from stamped s left join line l on true left join promotion h on true
    where r.tenant_id = $1 and r.room_id = $2
  )
  select j.verdict, s.seq, s.created_at, s.change, l.seq as line_seq, l.created_at as line_at,
    l.preview_text as preview, h.seq as heir_seq, h.user_id as heir_id
  from judged j left join stamped s on true left join line l on true left join promotion h on true`;

const facts = `
  from rooms r
  left join participants actor on actor.tenant_id = $1 and actor.room_id = $2 and actor.user_id = $4
  left join participants target on target.tenant_id = $1 and target.room_id = $2 and target.user_id = $3
  left join users actor_user
    on actor_user.tenant_id = $1 and actor_user.user_id = $4 and (actor_user.deleted_at is null or $3 = $4)
  left join users target_user on target_user.tenant_id = $1 and target_user.user_id = $3
  where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null`;

const columns = `
  r.kind, r.last_seq, r.last_event_at, r.message_count,
  actor_user.username as actor_name, target_user.username as target_name, target.role as target_role`;

const add: Statement = {
  name: "add-participant",
  text: `
    with judged as (
      select ${columns},
        case
          when not $5 and actor.user_id is null then 'room_not_found'
          when not $5 and actor.role <> 'OPERATOR' then 'operator_required'
          when actor_user.user_id is null then 'user_not_found'
          when target.user_id is not null then 'unchanged'
          when r.kind = 'direct' then 'direct_room'
          when (select count(*) from participants where tenant_id = $1 and room_id = $2) >= $7 then 'room_full'
          -- Stops counting at the limit.
          when exists (select from participants where tenant_id = $1 and user_id = $3 offset $8 - 1)
            then 'too_many_rooms'
          else 'changed'
        end as verdict
      ${facts}
    ),
    ${carryOut(
      "'joined'",
      "target_name || ' joined'",
      `joined as (
        insert into participants (tenant_id, room_id, user_id, role, joined_at, last_read_seq, last_read_count)
        select $1, $2, $3, 'MEMBER', created_at, seq, message_count from stamped
      ),
      heir as (select null::text as user_id where false)`,
    )}`,
};

const remove: Statement = {
  name: "remove-participant",
  text: `
    with judged as (
      select ${columns},
        case
          when not $5 and actor.user_id is null then 'room_not_found'
          when not $5 and $3 <> $4 and actor.role <> 'OPERATOR' then 'operator_required'
          when target.user_id is null then 'participant_not_found'
          when actor_user.user_id is null then 'user_not_found'
          when r.kind = 'direct' then 'direct_room'
          else 'changed'
        end as verdict
      ${facts}
    ),
    ${carryOut(
      "case when $3 = $4 then 'left' else 'removed' end",
      "case when $3 = $4 then target_name || ' left' else actor_name || ' removed ' || target_name end",
      `gone as (
        delete from participants p using stamped
        where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3
      ),
      heir as (
        update participants p set role = 'OPERATOR'
        from (
          select c.user_id
          from participants c, stamped s
          where c.tenant_id = $1 and c.room_id = $2 and c.user_id <> $3 and s.target_role = 'OPERATOR'
            and not exists (
              select from participants o
              where o.tenant_id = $1 and o.room_id = $2 and o.user_id <> $3 and o.role = 'OPERATOR')
          order by c.joined_at, c.user_id
          limit 1
        ) longest
        where p.tenant_id = $1 and p.room_id = $2 and p.user_id = longest.user_id
        returning p.user_id
      )`,
    )}`,
};
