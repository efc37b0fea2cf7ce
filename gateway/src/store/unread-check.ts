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
  /** The first of those, at most 1,000. */
  readonly differences: readonly UnreadDifference[];
}

/**
 * Counts for every participant of a tenant the messages that it has not read, one by one, and compares them with what
 * is answered. Safe beside the traffic: each step compares both within one snapshot. Reads every message of the tenant,
 * a second for each 100,000 of them.
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

const differencesMax = 1000;

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
    with counting as materialized (
      select m.room_id, m.seq, m.sender_id
      from messages m
      where m.tenant_id = $1 and m.room_id = any($2::uuid[]) and m.deleted_at is null
        and m.parts #>> '{0,type}' is distinct from 'data-membership'
    ),
    pointers as materialized (
      select p.room_id, greatest(p.last_read_seq, p.cleared_seq) as seq, p.user_id, ${unreadCount} as counted
      from participants p
      cross join ${roomOfParticipant}
      where p.tenant_id = $1 and p.room_id = any($2::uuid[])
    ),
    line as (
      select room_id, seq, null as user_id, null::bigint as counted from counting
      union all
      select room_id, seq, user_id, counted from pointers
    ),
    walked as (
      select room_id, user_id, counted, count(*) filter (where user_id is null) over (
        partition by room_id order by seq desc, user_id is null rows unbounded preceding) as passed
      from line
    ),
    own as (
      select c.room_id, c.sender_id, count(*) as messages
      from counting c
      join pointers p on p.room_id = c.room_id and p.user_id = c.sender_id and c.seq > p.seq
      group by c.room_id, c.sender_id
    ),
    checked as (
      select w.room_id, w.user_id, w.counted, w.passed - coalesce(own.messages, 0) as expected
      from walked w
      left join own on own.room_id = w.room_id and own.sender_id = w.user_id
      where w.user_id is not null
    )
    select count(*) as participants, count(*) filter (where counted <> expected) as wrong,
      coalesce(
        json_agg(
          json_build_object('roomId', room_id, 'userId', user_id, 'counted', counted, 'expected', expected)
          order by room_id, user_id)
        filter (where counted <> expected), '[]') as differences
    from checked`,
};
