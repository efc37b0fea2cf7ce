import { limits } from "@sendsar/protocol/limits";
import type { Message, MessagePart } from "@sendsar/protocol/objects/message";
import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import type { Db, Statement } from "./db.ts";
import type { MessageChange } from "./log.ts";
import type { MessageRow } from "./messages.ts";
import { selectMessage, toMessage } from "./messages.ts";
import { lockRoom } from "./room-lock.ts";
import { aroundChange } from "./upload-uses.ts";

/** Which message is to be changed, and in whose name. */
export interface ChangeRequest {
  readonly roomId: string;
  readonly messageId: string;
  readonly actorUserId: string;
  /** A backend changes what is another's, in a frozen room too, and finds what the actor has cleared. */
  readonly byBackend: boolean;
}

export type ChangeResult =
  | { readonly verdict: "changed"; readonly seq: number; readonly message: Message }
  /** It was like that already: nothing was written. */
  | { readonly verdict: "unchanged"; readonly message: Message }
  | {
      readonly verdict:
        | "room_not_found"
        | "not_a_participant"
        | "message_not_found"
        | "room_frozen"
        | "author_required"
        | "message_not_changeable"
        | "message_deleted"
        | "too_many_reactions"
        | "too_many_pins"
        | "upload_not_usable";
    };

/** Replaces the parts of a message; if it is the room's last one, lists show the new preview. */
export const editMessage = (
  db: Db,
  tenantId: string,
  request: ChangeRequest,
  { parts, uploadIds }: { readonly parts: readonly MessagePart[]; readonly uploadIds: readonly string[] },
  previewText: string | undefined,
): Promise<ChangeResult> =>
  change(db, tenantId, request, edit, [JSON.stringify(parts), previewText ?? null, uploadIds], uploadIds);

/**
 * Empties a message: its row keeps its place and says when it was deleted. Possible for its author, an operator and a
 * backend. `actorMustBeIn: false` lets somebody who is not in the room any more delete.
 */
export const deleteMessage = (
  db: Db,
  tenantId: string,
  request: ChangeRequest,
  { actorMustBeIn = true }: { readonly actorMustBeIn?: boolean } = {},
): Promise<ChangeResult> => change(db, tenantId, request, actorMustBeIn ? empty : emptyForAbsent, [], []);

/** Puts the actor's reaction on a message, or takes it off when it is on. */
export const toggleReaction = (
  db: Db,
  tenantId: string,
  request: ChangeRequest,
  emoji: string,
): Promise<ChangeResult> =>
  change(db, tenantId, request, react, [emoji, limits.messageEmojiMax, limits.messageReactionsMax]);

/** Pins a message. */
export const pinMessage = (db: Db, tenantId: string, request: ChangeRequest): Promise<ChangeResult> =>
  change(db, tenantId, request, pin, [limits.roomPinsMax]);

/** Unpins a message. */
export const unpinMessage = (db: Db, tenantId: string, request: ChangeRequest): Promise<ChangeResult> =>
  change(db, tenantId, request, unpin, []);

/**
 * Locks the room, changes the message and reads it as it then stands, in one transaction and one round trip. `uploadIds`
 * are the files that new parts name.
 */
const change = async (
  db: Db,
  tenantId: string,
  { roomId, messageId, actorUserId, byBackend }: ChangeRequest,
  statement: Statement,
  values: readonly unknown[],
  uploadIds?: readonly string[],
): Promise<ChangeResult> => {
  // Only a change of the parts changes what files the message has.
  const files = uploadIds && aroundChange(tenantId, roomId, messageId, uploadIds);
  const results = await db.batch(tenantId, [
    { statement: lockRoom, values: [tenantId, roomId] },
    ...(files ? [files.before] : []),
    { statement, values: [tenantId, roomId, messageId, actorUserId, byBackend, ...values] },
    { statement: selectMessage, values: [tenantId, messageId] },
    ...(files ? [files.after] : []),
  ]);
  const [judged = [], messages = []] = results.slice(files ? 2 : 1);
  const row = judged[0] as ResultRow | undefined;
  if (!row) return { verdict: "room_not_found" };
  if (row.verdict !== "changed" && row.verdict !== "unchanged") return { verdict: row.verdict };
  const [found] = messages as unknown as MessageRow[];
  if (!found) throw new Error("unable to change a message; it is not there after its change");
  const message = toMessage(found);
  if (row.verdict === "unchanged") return { verdict: row.verdict, message };
  if (row.seq === null) throw new Error("unable to change a message; its change has no place");
  return { verdict: row.verdict, seq: row.seq, message };
};

interface ResultRow {
  readonly verdict: ChangeResult["verdict"];
  readonly seq: number | null;
}

/** What all changes have in common. The first case of `cases` that applies is the verdict. */
interface ChangeText {
  readonly name: string;
  readonly kind: MessageChange;
  /** Whether the actor may be somebody who is not in the room. */
  readonly actorMayBeOut?: boolean;
  /** `when … then '<verdict>'` lines, after those that every change has. */
  readonly cases: string;
  /** A subquery over the message `m`: its columns, in `x`, help to judge. */
  readonly also?: string;
  /** What becomes of the row; `s` has what was judged, and the time of the change in `created_at`. */
  readonly set: string;
  /** What becomes of the preview that lists show if the message is the room's last one. */
  readonly preview?: string;
}

// The message is looked up in a lateral, so that it is a look into the index of ids whatever the statistics say.
const toStatement = ({ name, kind, cases, set, actorMayBeOut = false, also, preview }: ChangeText): Statement => ({
  name: `message-${name}`,
  text: `
    with judged as (
      select r.last_seq, r.last_event_at, r.last_message_at, m.created_at as message_at,
        ${also === undefined ? "" : "x.*,"}
        case
          when p.user_id is null and not ${actorMayBeOut} then 'not_a_participant'
          when m.seq is null or m.seq <= p.cleared_seq and not $5 then 'message_not_found'
          when r.is_frozen and not $5 then 'room_frozen'
          ${cases}
          else 'changed'
        end as verdict
      from rooms r
      left join participants p on p.tenant_id = $1 and p.room_id = $2 and p.user_id = $4
      left join lateral (
        select * from messages where tenant_id = $1 and room_id = $2 and message_id = $3 limit 1
      ) m on true
      ${also === undefined ? "" : `left join lateral (${also}) x on true`}
      where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null
    ),
    stamped as (
      select *, last_seq + 1 as place,
        greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms') as created_at
      from judged
      where verdict = 'changed'
    ),
    changed as (
      update messages m set ${set}
      from stamped s
      where m.tenant_id = $1 and m.room_id = $2 and m.message_id = $3
    ),
    logged as (
      insert into events (tenant_id, room_id, seq, type, actor_id, message_id, data, created_at)
      select $1, $2, place, 'message.updated', $4, $3, '{"change": "${kind}"}'::json, created_at from stamped
    ),
    counted as (
      update rooms r
      set last_seq = s.place, last_event_at = s.created_at,
        last_message_preview = case
          when s.message_at = s.last_message_at then ${preview ?? "r.last_message_preview"}
          else r.last_message_preview
        end
      from stamped s
      where r.tenant_id = $1 and r.room_id = $2
    )
    select j.verdict, s.place as seq from judged j left join stamped s on true`,
});

const isServers = `exists (
            select from json_array_elements(m.parts) part
            where part ->> 'type' in (${reservedPartTypes.map((type) => `'${type}'`).join(", ")}))`;

const edit = toStatement({
  name: "edit",
  kind: "edited",
  cases: `
          when not $5 and m.sender_id <> $4 then 'author_required'
          when m.deleted_at is not null then 'message_deleted'
          when ${isServers} then 'message_not_changeable'
          when (
            select count(*) from uploads where tenant_id = $1 and upload_id = any($8::uuid[]) and status = 'completed'
          ) < cardinality($8::uuid[]) then 'upload_not_usable'`,
  set: "parts = $6::json, preview_text = $7, edited_at = s.created_at",
  preview: "$7",
});

const deletion = {
  kind: "deleted",
  cases: `
          when not $5 and m.sender_id <> $4 and p.role is distinct from 'OPERATOR' then 'author_required'
          when m.deleted_at is not null then 'unchanged'
          when ${isServers} then 'message_not_changeable'`,
  set: "parts = '[]', preview_text = null, reactions = '[]', pinned_at = null, pinned_by = null, deleted_at = s.created_at",
  preview: "null",
} as const;

const empty = toStatement({ ...deletion, name: "delete" });
const emptyForAbsent = toStatement({ ...deletion, name: "delete-for-absent", actorMayBeOut: true });

const react = toStatement({
  name: "react",
  kind: "reacted",
  also: `
        select count(*) as reactions, count(distinct emoji) as emoji,
          bool_or(user_id = $4 and emoji = $6) as is_on, bool_or(emoji = $6) as is_known,
          coalesce(json_agg(entry order by n) filter (where not (user_id = $4 and emoji = $6)), '[]') as others
        from (
          select entry, n, entry ->> 'userId' as user_id, entry ->> 'emoji' as emoji
          from json_array_elements(m.reactions) with ordinality as given (entry, n)
        ) given`,
  cases: `
          when m.deleted_at is not null then 'message_deleted'
          when not coalesce(x.is_on, false)
            and (x.reactions >= $8 or x.emoji >= $7 and not coalesce(x.is_known, false)) then 'too_many_reactions'`,
  set: `reactions = case when s.is_on then s.others else (
          select json_agg(entry order by n) from (
            select entry, n from json_array_elements(m.reactions) with ordinality as given (entry, n)
            union all
            select json_build_object('userId', $4::text, 'emoji', $6::text), json_array_length(m.reactions) + 1
          ) all_of_them
        ) end`,
});

const pin = toStatement({
  name: "pin",
  kind: "pinned",
  cases: `
          when m.deleted_at is not null then 'message_deleted'
          when m.pinned_at is not null then 'unchanged'
          when (select count(*) from messages where tenant_id = $1 and room_id = $2 and pinned_at is not null) >= $6
            then 'too_many_pins'`,
  set: "pinned_at = s.created_at, pinned_by = $4",
});

const unpin = toStatement({
  name: "unpin",
  kind: "unpinned",
  cases: `
          when m.deleted_at is not null then 'message_deleted'
          when m.pinned_at is null then 'unchanged'`,
  set: "pinned_at = null, pinned_by = null",
});

/** Every statement that changes a message, for a look at its plan. */
export const changeStatements = { edit, empty, react, pin, unpin } as const;
