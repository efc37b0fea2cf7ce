import type { Db, Statement } from "./db.ts";
import { roomOfParticipant, unreadCount } from "./unread.ts";

/** A participant whose number of unread messages is not what the messages say. */
export interface UnreadDifference {
  readonly roomId: string;
  readonly userId: string;
  /** What the counters say, and every endpoint answers. */
  readonly counted: number;
  /** What is there. */
  readonly expected: number;
}

/** What a recount found. */
export interface UnreadCheck {
  /** Participants of all rooms of the tenant. */
  readonly participants: number;
  /** How many of them have a wrong number. */
  readonly wrong: number;
  /** The first of those, at most `differencesMax`. */
  readonly differences: readonly UnreadDifference[];
}

/** Differences that one check lists. */
export const differencesMax = 1000;

/**
 * Counts for every participant of a tenant the messages that it has not read, one by one, and compares them with what
 * is answered. Safe beside the traffic: each step compares both within one snapshot. Reads every message of the tenant.
 */
export const verifyUnread = async (db: Db, tenantId: string): Promise<UnreadCheck> => {
  const differences: UnreadDifference[] = [];
  let [participants, wrong] = [0, 0];
  let roomIds: readonly string[] = [];
  for (;;) {
    const rooms = await ask<{ room_id: string }>(db, tenantId, selectNextRooms, [roomIds.at(-1) ?? null]);
    if (rooms.length === 0) return { participants, wrong, differences };
    roomIds = rooms.map((room) => room.room_id);
    const [found] = await ask<CheckRow>(db, tenantId, recount, [roomIds]);
    if (!found) throw new Error("unable to recount unread messages; the statement answered no row");
    participants += found.participants;
    wrong += found.wrong;
    differences.push(...found.differences.slice(0, differencesMax - differences.length));
  }
};

/** Of the largest room; nobody waits for it but the operator. */
const stepMsMax = 300_000;

const ask = async <R>(db: Db, tenantId: string, statement: Statement, values: readonly unknown[]): Promise<R[]> => {
  const query = { statement, values: [tenantId, ...values] };
  const [rows] = await db.batch(tenantId, [query], { msMax: stepMsMax });
  return (rows ?? []) as R[];
};

interface CheckRow {
  readonly participants: number;
  readonly wrong: number;
  readonly differences: readonly UnreadDifference[];
}

// As many rooms as make a step of a bearable size, and always one.
const selectNextRooms: Statement = {
  name: "select-rooms-to-recount",
  text: `
    select room_id
    from (
      select room_id, sum(size) over (order by room_id) - size as before
      from (
        select r.room_id, r.last_seq + (
            select count(*) from participants p where p.tenant_id = r.tenant_id and p.room_id = r.room_id) as size
        from rooms r
        where r.tenant_id = $1 and ($2::uuid is null or r.room_id > $2)
        order by r.room_id
        limit 1000
      ) next
    ) measured
    where before < 100000
    order by room_id`,
};

/**
 * Puts the messages that count and the participants' pointers of a room on one line, by seq: walking it from the end,
 * what was passed when a pointer is met is unread, less what the participant wrote itself.
 */
const recount: Statement = {
  name: "recount-unread",
  text: `
    with line as (
      select m.room_id, m.sender_id as user_id, m.seq, false as is_pointer, 1 as message, null::bigint as counted
      from messages m
      where m.tenant_id = $1 and m.room_id = any($2::uuid[]) and m.deleted_at is null
        and m.parts #>> '{0,type}' is distinct from 'data-membership'
      union all
      select p.room_id, p.user_id, greatest(p.last_read_seq, p.cleared_seq), true, 0, ${unreadCount}
      from participants p
      cross join ${roomOfParticipant}
      where p.tenant_id = $1 and p.room_id = any($2::uuid[])
    ),
    walked as (
      select room_id, user_id, is_pointer, counted,
        sum(message) over (partition by room_id order by seq desc, is_pointer desc rows unbounded preceding)
        - sum(message) over (partition by room_id, user_id order by seq desc, is_pointer desc rows unbounded preceding)
        as expected
      from line
    )
    select count(*) as participants, count(*) filter (where counted <> expected) as wrong,
      coalesce(
        json_agg(
          json_build_object('roomId', room_id, 'userId', user_id, 'counted', counted, 'expected', expected)
          order by room_id, user_id)
        filter (where counted <> expected), '[]') as differences
    from walked
    where is_pointer`,
};
