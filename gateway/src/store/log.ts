import type { Message } from "@sendsar/protocol/objects/message";
import type { Role, RoomFace } from "@sendsar/protocol/objects/room";
import type { Db, Statement } from "./db.ts";
import type { MessageRow } from "./messages.ts";
import { messageColumns, parentOfMessage, toMessage } from "./messages.ts";
import { faceOf } from "./room-face.ts";

/** Who came, went or was sent away. */
export interface MembershipChange {
  readonly action: "joined" | "left" | "removed";
  readonly actorUserId: string;
  readonly targetUserIds: readonly string[];
}

/** What can happen to a message after it was sent. */
export type MessageChange = "edited" | "deleted" | "reacted" | "pinned" | "unpinned";

/** The place of an event: `seq` in the order of its room. */
interface LogPlace {
  readonly roomId: string;
  readonly seq: number;
}

/** An event of a room's log, with all that is needed to deliver it. */
export type LogEvent = LogPlace &
  (
    | { readonly type: "message.created"; readonly message: Message }
    /** `seq` is the place of the change, `message.seq` that of the message. */
    | { readonly type: "message.updated"; readonly message: Message }
    | { readonly type: "participants.changed"; readonly change: MembershipChange }
    | {
        readonly type: "participant.updated";
        readonly userId: string;
        readonly role: Role;
        readonly actorUserId: string;
      }
    | { readonly type: "room.updated"; readonly face: RoomFace }
    /** Of a kind that this gateway does not know, or about what is gone: it takes its place and is not delivered. */
    | { readonly type: "unknown" }
  );

/** A room's events after `afterSeq`, in order, at most `limit`. */
export const readRoomLog = async (
  db: Db,
  tenantId: string,
  roomId: string,
  afterSeq: number,
  limit: number,
): Promise<LogEvent[]> => {
  const values = [tenantId, roomId, afterSeq, limit];
  const [rows = []] = await db.batch(tenantId, [{ statement: selectRoomLog, values }]);
  return (rows as unknown as LogRow[]).map(toLogEvent);
};

/**
 * Each event's message is looked up by its id, in a lateral: one look into `messages_by_id` for each, whatever the statistics
 * say, also where the message stands elsewhere because it was changed later. To join the two ranges of places instead has been
 * seen to compare each event with each message, of a tenant that the statistics do not know yet: 60 ms for 200 events against 4,
 * and no gain where they do.
 *
 * Messages up to `cleared` are left out: their events are read as unknown.
 */
const logOf = (room: string, after: string, limit: string, cleared: string): string => `
      select e.room_id as event_room_id, e.seq as event_seq, e.type, e.actor_id, e.data, ${messageColumns},
        case when e.type = 'room.updated' then (
          select ${faceOf("r")} from rooms r where r.tenant_id = $1 and r.room_id = e.room_id
        ) end as face
      from (
        select * from events
        where tenant_id = $1 and room_id = ${room} and seq > ${after}
        order by seq
        limit ${limit}
      ) e
      left join lateral (
        select * from messages where message_id = e.message_id and tenant_id = $1 limit 1
      ) m on m.seq > ${cleared}${parentOfMessage}`;

export const selectRoomLog: Statement = {
  name: "select-room-log",
  text: `${logOf("$2", "$3", "$4", "0")}
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
 * in which nothing was missed, or in which the user is not, is not in the answer to `events`; `memberOf` tells which. Events
 * of messages that the user has cleared are of type `unknown`.
 */
export const readMissed = async (
  db: Db,
  tenantId: string,
  userId: string,
  positions: readonly (readonly [roomId: string, seq: number])[],
  perRoom: number,
): Promise<{ readonly memberOf: ReadonlySet<string>; readonly missed: readonly Missed[] }> => {
  const values = [tenantId, userId, positions.map(([roomId]) => roomId), positions.map(([, seq]) => seq), perRoom + 1];
  const queries = [
    { statement: selectMemberships, values: values.slice(0, 3) },
    { statement: selectMissed, values },
  ];
  const [members = [], rows = []] = await db.batch(tenantId, queries);
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
    cross join lateral (${logOf("given.room_id", "given.seq", "$5", "p.cleared_seq")}
    ) missed
    order by missed.event_room_id, missed.event_seq`,
};

type LogRow = MessageRow & {
  readonly event_room_id: string;
  readonly event_seq: number;
  readonly type: string;
  readonly actor_id: string | null;
  readonly data: unknown;
  /** What the room looks like now, for `room.updated`. */
  readonly face: RoomFace | null;
};

const toLogEvent = (row: LogRow): LogEvent => {
  const place: LogPlace = { roomId: row.event_room_id, seq: row.event_seq };
  switch (row.type) {
    case "message.created":
    case "message.updated":
      // Null without a message: it is gone, or not for this reader.
      if (row.message_id !== null) return { type: row.type, ...place, message: toMessage(row) };
      break;
    case "participants.changed":
      return { type: row.type, ...place, change: row.data as MembershipChange };
    case "participant.updated": {
      const { userId, role } = row.data as { readonly userId: string; readonly role: Role };
      // Without an actor it is the participant, as in a change of membership.
      return { type: row.type, ...place, userId, role, actorUserId: row.actor_id ?? userId };
    }
    case "room.updated":
      if (row.face !== null) return { type: row.type, ...place, face: row.face };
      break;
    default:
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
    /** Sockets with tokens minted from then on stay; milliseconds since the epoch. Undefined: all go. */
    readonly issuedBeforeMs: number | undefined;
  }[];
}

/** A snapshot of the database, as `pg_current_snapshot()` writes it. */
export type NewsCursor = string;

/**
 * Reads what became visible since `cursor`, over all tenants that are served here. Exact: a transaction is in one reading, the first that
 * begins after its commit, however late it commits, because the cursor is the whole snapshot and not a number.
 */
export const readNews = async (db: Db, cursor: NewsCursor | undefined): Promise<News> => {
  if (cursor === undefined) {
    const [row] = await db.query<{ snapshot: string }>(db.everywhere, selectSnapshot, []);
    return { cursor: row?.snapshot ?? "", rooms: [], changes: [], revocations: [] };
  }
  // One statement, so that all is read at one snapshot: the one that becomes the next cursor.
  const [[row] = []] = await db.batch(db.everywhere, [{ statement: selectNews, values: [cursor] }], { plan: "anew" });
  if (!row) throw new Error("unable to read the news; the statement answered no row");
  const { snapshot, rooms, changes, revocations } = row as unknown as NewsRow;
  return {
    cursor: snapshot,
    rooms: rooms.map(([tenantId, roomId, seq]) => ({ tenantId, roomId, seq })),
    changes: changes.map(([tenantId, roomId, seq, change]) => ({ tenantId, roomId, seq, change })),
    revocations: revocations.map(([tenantId, userId, reason, issuedBeforeMs]) => ({
      tenantId,
      userId: userId ?? undefined,
      reason,
      issuedBeforeMs: issuedBeforeMs ?? undefined,
    })),
  };
};

interface NewsRow {
  readonly snapshot: string;
  readonly rooms: readonly [string, string, number][];
  readonly changes: readonly [string, string, number, MembershipChange][];
  readonly revocations: readonly [string, string | null, string, number | null][];
}

const selectSnapshot: Statement = {
  name: "select-snapshot",
  text: "select pg_current_snapshot()::text as snapshot",
};

// New is what began after the cursor's snapshot was taken, or was under way then. Both are index conditions.
const isNew = `
  txid >= pg_snapshot_xmax($1::pg_snapshot) or txid = any(array(select pg_snapshot_xip($1::pg_snapshot)))`;

// The log is read once and then taken apart: who asks it for changes of membership only is given all that ever were.
const selectNews: Statement = {
  name: "select-news",
  text: `
    with fresh as materialized (
      select tenant_id, room_id, seq, position, type, data from events where ${isNew}
    )
    select pg_current_snapshot()::text as snapshot,
      coalesce((
        select json_agg(json_build_array(tenant_id, room_id, seq))
        from (select tenant_id, room_id, max(seq) as seq from fresh group by tenant_id, room_id) moved
      ), '[]') as rooms,
      coalesce((
        select json_agg(json_build_array(tenant_id, room_id, seq, data) order by position)
        from fresh
        where type = 'participants.changed'
      ), '[]') as changes,
      coalesce((
        select json_agg(json_build_array(tenant_id, user_id, reason, extract(epoch from issued_before) * 1000))
        from revocations
        where ${isNew}
      ), '[]') as revocations`,
};
