import type { Db, Statement } from "./db.ts";

export interface ClearRequest {
  readonly roomId: string;
  readonly userId: string;
  /** Also take the room off the user's list until its next message; only a direct room can be. */
  readonly hide: boolean;
}

export type ClearResult =
  | {
      readonly verdict: "cleared";
      /** Messages up to then are not there for the user: the time of the room's last event. */
      readonly clearedAt: string;
      /** Where the user's read pointer went, if that moved it: to the newest message. */
      readonly read: { readonly lastReadAt: string; readonly lastReadMessageId: string } | undefined;
    }
  /** It was to be hidden, and is none that can be. */
  | { readonly verdict: "group" }
  | { readonly verdict: "not_a_participant" }
  | { readonly verdict: "room_not_found" };

/**
 * Takes all messages of a room up to now from one participant, who has read them then. Nothing in the room changes, so
 * this takes no lock of it: the cut is where one statement sees the end of the room, and it never moves back.
 */
export const clearForParticipant = async (
  db: Db,
  tenantId: string,
  { roomId, userId, hide }: ClearRequest,
): Promise<ClearResult> => {
  const [row] = await db.query<ClearRow>(tenantId, clear, [tenantId, roomId, userId, hide]);
  if (!row) return { verdict: "room_not_found" };
  if (!row.is_participant) return { verdict: "not_a_participant" };
  if (hide && row.kind === "group") return { verdict: "group" };
  // It went between the look and the change.
  if (row.cleared_at === null) return { verdict: "not_a_participant" };
  const { message_id: lastReadMessageId, message_at: lastReadAt } = row;
  const moved = lastReadMessageId !== null && lastReadAt !== null && row.was_behind === true;
  return {
    verdict: "cleared",
    clearedAt: row.cleared_at,
    read: moved ? { lastReadAt, lastReadMessageId } : undefined,
  };
};

interface ClearRow {
  readonly kind: "direct" | "group";
  readonly is_participant: boolean;
  readonly was_behind: boolean | null;
  readonly message_id: string | null;
  readonly message_at: string | null;
  readonly cleared_at: string | null;
}

// `greatest`, and a look at the row as it is when it is changed: another device may clear, read or send meanwhile.
const clear: Statement = {
  name: "clear-for-participant",
  text: `
    with found as (
      select r.kind, r.last_seq, r.last_event_at, p.user_id, p.last_read_seq < m.seq as was_behind,
        m.seq as message_seq, m.ordinal, m.message_id, m.created_at as message_at
      from rooms r
      left join participants p on p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3
      left join lateral (
        select seq, ordinal, message_id, created_at from messages
        where tenant_id = $1 and room_id = $2
        order by seq desc
        limit 1
      ) m on true
      where r.tenant_id = $1 and r.room_id = $2 and r.deleted_at is null
    ),
    cleared as (
      update participants p
      set cleared_seq = greatest(p.cleared_seq, f.last_seq),
        cleared_at = greatest(p.cleared_at, f.last_event_at),
        hidden_at = case when $4 then greatest(p.hidden_at, f.last_event_at) else p.hidden_at end,
        last_read_seq = case when p.last_read_seq < f.message_seq then f.message_seq else p.last_read_seq end,
        last_read_count = case when p.last_read_seq < f.message_seq then f.ordinal else p.last_read_count end,
        last_read_at = case when p.last_read_seq < f.message_seq then f.message_at else p.last_read_at end
      from found f
      where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3 and not ($4 and f.kind = 'group')
      returning p.cleared_at
    )
    select f.kind, f.user_id is not null as is_participant, f.was_behind, f.message_id, f.message_at, c.cleared_at
    from found f left join cleared c on true`,
};
