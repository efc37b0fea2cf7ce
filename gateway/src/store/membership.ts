import type { Db, Query, Statement } from "./db.ts";
import type { MembershipChange } from "./log.ts";

/** A change of membership that somebody asks for. */
export interface MembershipRequest {
  readonly roomId: string;
  readonly action: "add" | "remove";
  readonly targetUserId: string;
  /** In whose name; the target itself when a backend names nobody. */
  readonly actorUserId: string;
  /** A backend may do what among participants only an operator may. */
  readonly byBackend: boolean;
  /** For `add`: the name of a user that is not there yet, or its new one. */
  readonly username: string | undefined;
  /** Id of the line that tells the room. */
  readonly messageId: string;
  readonly participantsMax: number;
}

export type MembershipResult =
  | {
      readonly verdict: "changed";
      readonly seq: number;
      readonly change: MembershipChange;
      /** The line that tells a group; a direct room has none. */
      readonly line: { readonly seq: number; readonly createdAt: string; readonly previewText: string } | undefined;
    }
  | {
      readonly verdict:
        | "unchanged"
        | "room_not_found"
        | "participant_not_found"
        | "user_not_found"
        | "operator_required"
        | "direct_room"
        | "room_full";
    };

/**
 * Adds or removes a participant: the change is an event of the room's log, followed in a group by a line that says so.
 * Takes the room's lock first, as every change of a room does, so a message is either before the change or after it.
 * The last operator who goes is followed by who has been there longest.
 */
export const changeMembership = async (
  db: Db,
  tenantId: string,
  request: MembershipRequest,
): Promise<MembershipResult> => {
  const { roomId, targetUserId, actorUserId, action } = request;
  const upsert: Query[] =
    action === "add"
      ? [{ statement: upsertUser, values: [tenantId, roomId, targetUserId, request.username ?? null] }]
      : [];
  const results = await db.batch(tenantId, [
    { statement: lockRoom, values: [tenantId, roomId] },
    ...upsert,
    {
      statement: action === "add" ? add : remove,
      values: [
        tenantId,
        roomId,
        targetUserId,
        actorUserId,
        request.byBackend,
        request.messageId,
        ...(action === "add" ? [request.participantsMax] : []),
      ],
    },
  ]);
  const row = results.at(-1)?.[0] as ResultRow | undefined;
  if (!row) return { verdict: "room_not_found" };
  if (row.verdict !== "changed" || row.seq === null || row.change === null) {
    return { verdict: row.verdict as Exclude<MembershipResult["verdict"], "changed"> };
  }
  const line =
    row.line_seq !== null && row.line_at !== null && row.preview !== null
      ? { seq: row.line_seq, createdAt: row.line_at, previewText: row.preview }
      : undefined;
  return { verdict: "changed", seq: row.seq, change: row.change, line };
};

interface ResultRow {
  readonly verdict: MembershipResult["verdict"];
  readonly seq: number | null;
  readonly change: MembershipChange | null;
  readonly line_seq: number | null;
  readonly line_at: string | null;
  readonly preview: string | null;
}

const lockRoom: Statement = {
  name: "lock-room",
  text: "select from rooms where tenant_id = $1 and room_id = $2 for no key update",
};

const upsertUser: Statement = {
  name: "upsert-joining-user",
  text: `
    insert into users as u (tenant_id, user_id, username, created_at, updated_at)
    select $1, $3, coalesce($4, $3), now(), now()
    where exists (select from rooms where tenant_id = $1 and room_id = $2)
    on conflict (tenant_id, user_id) do update set username = $4, updated_at = now()
      where $4::text is not null and u.username <> $4`,
};

/** Everything the two changes have in common: `judged` has the verdict, the rest does it. */
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
  logged as (
    insert into events (tenant_id, room_id, seq, type, actor_id, message_id, data, created_at)
    select $1, $2, seq, 'participants.changed', $4, null::uuid, change, created_at from stamped
    union all
    select $1, $2, seq, 'message.created', $4, $6, null, created_at from line
  ),
  counted as (
    update rooms r
    set last_seq = coalesce(l.seq, s.seq), last_event_at = coalesce(l.created_at, s.created_at),
      last_message_at = coalesce(l.created_at, r.last_message_at),
      last_message_preview = case when l.seq is null then r.last_message_preview else l.preview_text end,
      activity_at = coalesce(l.created_at, r.activity_at)
    from stamped s left join line l on true
    where r.tenant_id = $1 and r.room_id = $2
  )
  select j.verdict, s.seq, s.change, l.seq as line_seq, l.created_at as line_at, l.preview_text as preview
  from judged j left join stamped s on true left join line l on true`;

const facts = `
  from rooms r
  left join participants actor on actor.tenant_id = $1 and actor.room_id = $2 and actor.user_id = $4
  left join participants target on target.tenant_id = $1 and target.room_id = $2 and target.user_id = $3
  left join users actor_user on actor_user.tenant_id = $1 and actor_user.user_id = $4
  left join users target_user on target_user.tenant_id = $1 and target_user.user_id = $3
  where r.tenant_id = $1 and r.room_id = $2`;

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
          else 'changed'
        end as verdict
      ${facts}
    ),
    ${carryOut(
      "'joined'",
      "target_name || ' joined'",
      `joined as (
        insert into participants (tenant_id, room_id, user_id, role, joined_at)
        select $1, $2, $3, 'MEMBER', created_at from stamped
      )`,
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
      )`,
    )}`,
};
