import type { Role, RoomFace } from "@sendsar/protocol/objects/room";
import type { Db, Statement } from "./db.ts";
import { faceOf } from "./room-face.ts";
import { lockRoom } from "./room-lock.ts";
import { StoreError } from "./store-error.ts";

/** What to change of a room. Absent: keep what is stored. Null: clear it. */
export interface RoomPatch {
  readonly name?: string | null | undefined;
  readonly avatarUrl?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  readonly customType?: string | null | undefined;
  readonly metadata?: Record<string, unknown> | null | undefined;
  readonly isFrozen?: boolean | undefined;
}

export type RoomUpdate =
  | { readonly verdict: "changed"; readonly seq: number; readonly face: RoomFace }
  | { readonly verdict: "unchanged" | "room_not_found" | "external_id_taken" };

/** Changes what a room looks like. It is an event of the room's log with the whole face, if anything is other than before. */
export const updateRoom = async (db: Db, tenantId: string, roomId: string, patch: RoomPatch): Promise<RoomUpdate> => {
  const { name, avatarUrl, externalId, customType, metadata, isFrozen } = patch;
  const values = [
    tenantId,
    roomId,
    ...[name, avatarUrl, externalId, customType].flatMap((value) => [value ?? null, value !== undefined]),
    metadata == null ? null : JSON.stringify(metadata),
    metadata !== undefined,
    isFrozen ?? null,
  ];
  try {
    const [, rows] = await db.batch(tenantId, [
      { statement: lockRoom, values: [tenantId, roomId] },
      { statement: update, values },
    ]);
    const row = rows?.[0] as { readonly seq: number | null; readonly face: RoomFace | null } | undefined;
    if (!row) return { verdict: "room_not_found" };
    return row.seq === null || row.face === null
      ? { verdict: "unchanged" }
      : { verdict: "changed", seq: row.seq, face: row.face };
  } catch (error) {
    if (error instanceof StoreError && error.constraint === "rooms_tenant_id_external_id_key") {
      return { verdict: "external_id_taken" };
    }
    throw error;
  }
};

// Compared as text: metadata comes back as it was given, so another order of its fields is another text.
const update: Statement = {
  name: "update-room",
  text: `
    with wanted as (
      select last_seq, last_event_at, ${faceOf("r")} as face_before,
        case when $4 then $3::text else name end as name,
        case when $6 then $5::text else avatar_url end as avatar_url,
        case when $8 then $7::text else external_id end as external_id,
        case when $10 then $9::text else custom_type end as custom_type,
        case when $12 then $11::json else metadata end as metadata,
        coalesce($13::boolean, is_frozen) as is_frozen
      from rooms r
      where tenant_id = $1 and room_id = $2 and deleted_at is null
    ),
    stamped as (
      select w.*, ${faceOf("w")} as face, last_seq + 1 as seq,
        greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms') as created_at
      from wanted w
      where ${faceOf("w")}::text <> face_before::text
    ),
    -- Without the face: whoever reads the log finds today's in the room, and a name that was taken back is nowhere.
    logged as (
      insert into events (tenant_id, room_id, seq, type, created_at)
      select $1, $2, seq, 'room.updated', created_at from stamped
    ),
    changed as (
      update rooms r
      set name = s.name, avatar_url = s.avatar_url, external_id = s.external_id, custom_type = s.custom_type,
        metadata = s.metadata, is_frozen = s.is_frozen, last_seq = s.seq, last_event_at = s.created_at
      from stamped s
      where r.tenant_id = $1 and r.room_id = $2
    )
    select s.seq, s.face from wanted left join stamped s on true`,
};

/** A change of a role that somebody asks for. */
export interface RoleRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly role: Role;
  /** In whose name; the participant itself when a backend names nobody. */
  readonly actorUserId: string;
  /** A backend may do what among participants only an operator may. */
  readonly byBackend: boolean;
}

export type RoleResult =
  | { readonly verdict: "changed"; readonly seq: number }
  | {
      readonly verdict:
        | "unchanged"
        | "room_not_found"
        | "operator_required"
        | "participant_not_found"
        | "user_not_found"
        | "direct_room"
        | "last_operator";
    };

/** Gives a participant of a group a role, as an event of the room's log. The last operator stays one. */
export const changeRole = async (db: Db, tenantId: string, request: RoleRequest): Promise<RoleResult> => {
  const { roomId, userId, role, actorUserId, byBackend } = request;
  const [, rows] = await db.batch(tenantId, [
    { statement: lockRoom, values: [tenantId, roomId] },
    { statement: giveRole, values: [tenantId, roomId, userId, actorUserId, byBackend, role] },
  ]);
  const row = rows?.[0] as { readonly verdict: RoleResult["verdict"]; readonly seq: number | null } | undefined;
  if (!row) return { verdict: "room_not_found" };
  if (row.verdict !== "changed") return { verdict: row.verdict };
  if (row.seq === null) throw new Error("unable to change a role; its change has no place");
  return { verdict: row.verdict, seq: row.seq };
};

const giveRole: Statement = {
  name: "give-role",
  text: `
    with judged as (
      select r.last_seq, r.last_event_at,
        case
          when not $5 and actor.user_id is null then 'room_not_found'
          when not $5 and actor.role <> 'OPERATOR' then 'operator_required'
          when target.user_id is null then 'participant_not_found'
          when actor_user.user_id is null then 'user_not_found'
          when r.kind = 'direct' then 'direct_room'
          when target.role = $6 then 'unchanged'
          when target.role = 'OPERATOR' and not exists (
            select from participants
            where tenant_id = $1 and room_id = $2 and user_id <> $3 and role = 'OPERATOR') then 'last_operator'
          else 'changed'
        end as verdict
      from rooms r
      left join participants actor on actor.tenant_id = $1 and actor.room_id = $2 and actor.user_id = $4
      left join participants target on target.tenant_id = $1 and target.room_id = $2 and target.user_id = $3
      left join users actor_user
        on actor_user.tenant_id = $1 and actor_user.user_id = $4 and actor_user.deleted_at is null
      where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null
    ),
    stamped as (
      select *, last_seq + 1 as seq,
        greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms') as created_at
      from judged
      where verdict = 'changed'
    ),
    given as (
      update participants p set role = $6
      from stamped
      where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3
    ),
    logged as (
      insert into events (tenant_id, room_id, seq, type, actor_id, data, created_at)
      select $1, $2, seq, 'participant.updated', $4, json_build_object('userId', $3::text, 'role', $6::text), created_at
      from stamped
    ),
    counted as (
      update rooms r set last_seq = s.seq, last_event_at = s.created_at
      from stamped s
      where r.tenant_id = $1 and r.room_id = $2
    )
    select j.verdict, s.seq from judged j left join stamped s on true`,
};
