import type { Db, Statement } from "./db.ts";

/** Where a participant's read pointer stands after a call. */
export interface ReadPointer {
  readonly lastReadAt: string | null;
  readonly lastReadMessageId: string | null;
  readonly unreadCount: number;
  /** The call moved it. */
  readonly advanced: boolean;
}

/**
 * Moves a participant's read pointer to a message, or to the newest one without `messageId`; never backwards. Answers
 * `not_a_participant` or `message_not_found` when there is nothing to move or to move to.
 */
export const advanceReadPointer = async (
  db: Db,
  tenantId: string,
  roomId: string,
  userId: string,
  messageId: string | undefined,
): Promise<ReadPointer | "not_a_participant" | "message_not_found"> => {
  const [moved = [], rows = []] = await db.batch(tenantId, [
    { statement: advance, values: [tenantId, roomId, userId, messageId ?? null] },
    { statement: selectPointer, values: [tenantId, roomId, userId, messageId ?? null] },
  ]);
  const row = rows[0] as unknown as PointerRow | undefined;
  if (!row) return "not_a_participant";
  if (messageId !== undefined && !row.target_exists) return "message_not_found";
  return {
    lastReadAt: row.last_read_at,
    lastReadMessageId: row.last_read_message_id,
    unreadCount: row.unread_count,
    advanced: moved.length === 1,
  };
};

const target = `
  select m.seq, m.ordinal, m.created_at from messages m
  where m.tenant_id = $1 and m.room_id = $2 and ($4::uuid is null or m.message_id = $4)
  order by m.seq desc
  limit 1`;

const advance: Statement = {
  name: "advance-read-pointer",
  text: `
    update participants p
    set last_read_seq = t.seq, last_read_count = t.ordinal, last_read_at = t.created_at
    from (${target}) t
    where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3 and p.last_read_seq < t.seq
    returning p.user_id`,
};

const selectPointer: Statement = {
  name: "select-read-pointer",
  text: `
    select p.last_read_at, r.message_count - p.last_read_count as unread_count,
      (select m.message_id from messages m
        where m.tenant_id = $1 and m.room_id = $2 and m.seq = p.last_read_seq) as last_read_message_id,
      exists (${target}) as target_exists
    from participants p
    join rooms r on r.tenant_id = p.tenant_id and r.room_id = p.room_id
    where p.tenant_id = $1 and p.room_id = $2 and p.user_id = $3`,
};

interface PointerRow {
  readonly last_read_at: string | null;
  readonly unread_count: number;
  readonly last_read_message_id: string | null;
  readonly target_exists: boolean;
}
