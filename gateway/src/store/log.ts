import type { Message } from "@sendsar/protocol/objects/message";
import type { Db, Statement } from "./db.ts";
import type { MessageRow } from "./messages.ts";
import { messageColumns, toMessage } from "./messages.ts";

/** Who came, went or was sent away. */
export interface MembershipChange {
  readonly action: "joined" | "left" | "removed";
  readonly actorUserId: string;
  readonly targetUserIds: readonly string[];
}

/** An event of a room's log, with all that is needed to deliver it. */
export type LogEvent =
  | { readonly type: "message.created"; readonly roomId: string; readonly seq: number; readonly message: Message }
  | {
      readonly type: "participants.changed";
      readonly roomId: string;
      readonly seq: number;
      readonly change: MembershipChange;
    }
  /** An event of a kind that this gateway does not know: it takes its place in the order and is not delivered. */
  | { readonly type: "unknown"; readonly roomId: string; readonly seq: number };

/** A room's events after `afterSeq`, in order, at most `limit`. */
export const readRoomLog = async (
  db: Db,
  tenantId: string,
  roomId: string,
  afterSeq: number,
  limit: number,
): Promise<LogEvent[]> => {
  const rows = await db.query<LogRow>(tenantId, selectRoomLog, [tenantId, roomId, afterSeq, limit]);
  return rows.map(toLogEvent);
};

/**
 * Events and messages are two ranges of the same places, each read in its order by its primary key, and put together. To
 * look up each event's message by its id leaves the choice of the index to statistics: of a tenant that these do not know
 * yet, Postgres has been seen to go through all messages for each event.
 */
const logOf = (room: string, after: string, limit: string): string => `
      select e.room_id as event_room_id, e.seq as event_seq, e.type, e.data, ${messageColumns}
      from (
        select * from events
        where tenant_id = $1 and room_id = ${room} and seq > ${after}
        order by seq
        limit ${limit}
      ) e
      left join (
        select * from messages
        where tenant_id = $1 and room_id = ${room} and seq > ${after}
        order by seq
        limit ${limit}
      ) m on m.seq = e.seq and m.message_id = e.message_id
      left join messages parent on parent.tenant_id = m.tenant_id and parent.message_id = m.parent_message_id`;

export const selectRoomLog: Statement = {
  name: "select-room-log",
  text: `${logOf("$2", "$3", "$4")}
    order by e.seq`,
};

/** What a user missed in one room. */
export interface Missed {
  readonly roomId: string;
  /** Undefined: it was more than asked for. */
  readonly events: readonly LogEvent[] | undefined;
}

/**
 * What a user missed in the rooms it is in, after the `seq` given for each, at most `perRoom` events of a room. A room
 * in which nothing was missed, or in which the user is not, is not in the answer to `events`; `memberOf` tells which.
 */
export const readMissed = async (
  db: Db,
  tenantId: string,
  userId: string,
  positions: readonly (readonly [roomId: string, seq: number])[],
  perRoom: number,
): Promise<{ readonly memberOf: ReadonlySet<string>; readonly missed: readonly Missed[] }> => {
  const values = [tenantId, userId, positions.map(([roomId]) => roomId), positions.map(([, seq]) => seq), perRoom + 1];
  const [members = [], rows = []] = await db.batch(tenantId, [
    { statement: selectMemberships, values: values.slice(0, 3) },
    { statement: selectMissed, values },
  ]);
  const byRoom = Map.groupBy((rows as unknown as LogRow[]).map(toLogEvent), ({ roomId }) => roomId);
  return {
    memberOf: new Set(members.map((row) => String(row["room_id"]))),
    missed: [...byRoom].map(([roomId, events]) => ({ roomId, events: events.length > perRoom ? undefined : events })),
  };
};

const selectMemberships: Statement = {
  name: "select-memberships",
  text: `
    select room_id from participants
    where tenant_id = $1 and user_id = $2 and room_id = any($3::uuid[])`,
};

export const selectMissed: Statement = {
  name: "select-missed",
  text: `
    select missed.*
    from unnest($3::uuid[], $4::bigint[]) as given (room_id, seq)
    join participants p on p.tenant_id = $1 and p.room_id = given.room_id and p.user_id = $2
    cross join lateral (${logOf("given.room_id", "given.seq", "$5")}
    ) missed
    order by missed.event_room_id, missed.event_seq`,
};

type LogRow = MessageRow & {
  readonly event_room_id: string;
  readonly event_seq: number;
  readonly type: string;
  readonly data: MembershipChange | null;
};

const toLogEvent = (row: LogRow): LogEvent => {
  const place = { roomId: row.event_room_id, seq: row.event_seq };
  // The message may have gone since: then there is nothing left to show.
  if (row.type === "message.created" && row.message_id !== null) {
    return { type: "message.created", ...place, message: toMessage(row) };
  }
  if (row.type === "participants.changed" && row.data) {
    return { type: "participants.changed", ...place, change: row.data };
  }
  return { type: "unknown", ...place };
};

/** What was committed since the last reading. */
export interface News {
  /** Where the next reading begins. */
  readonly cursor: NewsCursor;
  readonly rooms: readonly { readonly tenantId: string; readonly roomId: string; readonly seq: number }[];
  readonly changes: readonly {
    readonly tenantId: string;
    readonly roomId: string;
    readonly seq: number;
    readonly change: MembershipChange;
  }[];
  readonly revocations: readonly {
    readonly tenantId: string;
    readonly userId: string | undefined;
    readonly reason: string;
  }[];
}

/** A snapshot of the database, as `pg_current_snapshot()` writes it. */
export type NewsCursor = string;

/**
 * Reads what became visible since `cursor`, over all tenants. Exact: a transaction is in one reading, the first that
 * begins after its commit, however late it commits, because the cursor is the whole snapshot and not a number.
 */
export const readNews = async (db: Db, cursor: NewsCursor | undefined): Promise<News> => {
  if (cursor === undefined) {
    const [row] = await db.query<{ snapshot: string }>("*", selectSnapshot, []);
    return { cursor: row?.snapshot ?? "", rooms: [], changes: [], revocations: [] };
  }
  // One statement, so that all is read at one snapshot: the one that becomes the next cursor.
  const [row] = await db.query<NewsRow>("*", selectNews, [cursor]);
  if (!row) throw new Error("unable to read the news; the statement answered no row");
  return {
    cursor: row.snapshot,
    rooms: row.rooms.map(([tenantId, roomId, seq]) => ({ tenantId, roomId, seq })),
    changes: row.changes.map(([tenantId, roomId, seq, change]) => ({ tenantId, roomId, seq, change })),
    revocations: row.revocations.map(([tenantId, userId, reason]) => ({
      tenantId,
      userId: userId ?? undefined,
      reason,
    })),
  };
};

interface NewsRow {
  readonly snapshot: string;
  readonly rooms: readonly [string, string, number][];
  readonly changes: readonly [string, string, number, MembershipChange][];
  readonly revocations: readonly [string, string | null, string][];
}

const selectSnapshot: Statement = {
  name: "select-snapshot",
  text: "select pg_current_snapshot()::text as snapshot",
};

// New is what began after the cursor's snapshot was taken, or was under way then. Both are index conditions.
const isNew = `
  txid >= pg_snapshot_xmax($1::pg_snapshot) or txid = any(array(select pg_snapshot_xip($1::pg_snapshot)))`;

const selectNews: Statement = {
  name: "select-news",
  text: `
    select pg_current_snapshot()::text as snapshot,
      coalesce((
        select json_agg(json_build_array(tenant_id, room_id, seq))
        from (select tenant_id, room_id, max(seq) as seq from events where ${isNew} group by tenant_id, room_id) moved
      ), '[]') as rooms,
      coalesce((
        select json_agg(json_build_array(tenant_id, room_id, seq, data) order by position)
        from events
        where (${isNew}) and type = 'participants.changed'
      ), '[]') as changes,
      coalesce((
        select json_agg(json_build_array(tenant_id, user_id, reason)) from revocations where ${isNew}
      ), '[]') as revocations`,
};
