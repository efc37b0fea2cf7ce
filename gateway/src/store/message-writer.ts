import type { MessagePart } from "@sendsar/protocol/objects/message";
import type { CallOptions, Db, Query, Statement } from "./db.ts";
import type { ParentRow } from "./messages.ts";
import { isAt } from "./unread.ts";
import { lockFiles } from "./upload-uses.ts";

/** A message to be written. */
export interface NewMessage {
  readonly messageId: string;
  readonly roomId: string;
  readonly senderId: string;
  readonly clientMessageId: string | undefined;
  readonly parts: readonly MessagePart[];
  readonly previewText: string | undefined;
  readonly parentMessageId: string | undefined;
  /** Files that its parts name, each once; none when absent. */
  readonly uploadIds?: readonly string[];
  /** Sent by the tenant's backend, which may also write to a frozen room. */
  readonly byBackend: boolean;
}

/** A message that is a copy of another one. */
export interface NewCopy extends NewMessage {
  /** The message that it is a copy of, and who wrote the first of the copies. */
  readonly forwardedFromId: string;
  readonly forwardedFromSenderId: string;
}

/** What became of one message. */
export type WriteResult =
  | StoredResult
  | { readonly verdict: "duplicate"; readonly firstMessageId: string }
  | { readonly verdict: WriteRefusal };

/** Where a message was stored. */
export interface StoredResult {
  readonly verdict: "stored";
  readonly seq: number;
  readonly createdAt: string;
  readonly parent?: ParentRow;
}

export type WriteRefusal =
  | "room_not_found"
  | "not_a_participant"
  | "room_frozen"
  | "parent_not_found"
  | "upload_not_usable";

/**
 * Writes messages of one tenant, each with the next `seq` of its room and its row in the log, all or none of the
 * batch; answers one result per message, in their order.
 *
 * Two statements in one transaction, pipelined into one round trip: the first locks the rooms, in a fixed order so
 * that two gateways cannot wait for each other; the second therefore sees everything that was committed to them before
 * (membership, the counter, a first copy with the same `clientMessageId`) and nothing can change until the commit. No
 * two messages of a batch may have the same room, sender and clientMessageId. When some name files, one statement more
 * locks those, and their uses are written with the messages.
 *
 * Cost: one commit for the batch; a NOTIFY in here would hold a lock of the whole server through that commit's flush.
 */
export const writeMessages = async (
  db: Db,
  tenantId: string,
  messages: readonly NewMessage[],
  options?: CallOptions,
): Promise<readonly WriteResult[]> => {
  const rows = await writeRows(db, tenantId, messages, write, [], options);
  return rows.map(toResult);
};

/**
 * Writes copies of a message, one to each of several rooms, in the same way: all of them, or none and the reason of the
 * first that cannot be.
 */
export const writeCopies = async (
  db: Db,
  tenantId: string,
  copies: readonly NewCopy[],
): Promise<readonly StoredResult[] | WriteRefusal> => {
  const origins = [copies.map((copy) => copy.forwardedFromId), copies.map((copy) => copy.forwardedFromSenderId)];
  const rows = await writeRows(db, tenantId, copies, writeAllOrNone, origins);
  const refused = rows.find(({ verdict }) => verdict !== "stored");
  // No copy has a clientMessageId, so none is a duplicate.
  return refused ? (refused.verdict as WriteRefusal) : rows.map((row) => toResult(row) as StoredResult);
};

const writeRows = async (
  db: Db,
  tenantId: string,
  messages: readonly NewMessage[],
  statements: Statements,
  values: readonly unknown[],
  options?: CallOptions,
): Promise<ResultRow[]> => {
  const roomIds = messages.map((message) => message.roomId);
  const columns = [
    roomIds,
    messages.map((message) => message.senderId),
    messages.map((message) => message.clientMessageId ?? null),
    messages.map((message) => message.messageId),
    messages.map((message) => JSON.stringify(message.parts)),
    messages.map((message) => message.previewText ?? null),
    messages.map((message) => message.parentMessageId ?? null),
    messages.map((message) => message.byBackend),
  ];
  const all = [tenantId, ...columns, ...values];
  const files = messages.flatMap(({ uploadIds = [] }, at) => uploadIds.map((uploadId) => [at + 1, uploadId] as const));
  const uploadIds = files.map(([, uploadId]) => uploadId);
  const queries: Query[] = [{ statement: lockRooms, values: [tenantId, roomIds] }];
  if (files.length === 0) queries.push({ statement: statements.plain, values: all });
  else {
    const withFiles = [...all, files.map(([n]) => n), uploadIds];
    queries.push(lockFiles(tenantId, uploadIds), { statement: statements.withFiles, values: withFiles });
  }
  const results = await db.batch(tenantId, queries, { ...options, plan: "once" });
  return results.at(-1) as unknown as ResultRow[];
};

const lockRooms: Statement = {
  name: "lock-rooms",
  text: `
    select from rooms
    where tenant_id = $1 and room_id = any($2::uuid[])
    order by room_id
    for no key update`,
};

/** What a variant adds: arrays of values, the columns that they fill, and when a message is stored. */
interface Variant {
  readonly name: string;
  readonly arrays: string;
  readonly columns: string;
  readonly isStored: string;
  /** Number of the first value after those arrays. */
  readonly next: number;
}

/** A variant for messages without files, which is most of them, and for those of which some have any. */
interface Statements {
  readonly plain: Statement;
  readonly withFiles: Statement;
}

const toStatements = (variant: Variant): Statements => ({
  plain: { name: variant.name, text: toText(variant, { files: "", isRefused: "", uses: "" }) },
  withFiles: { name: `${variant.name}-with-files`, text: toText(variant, fileSteps(variant)) },
});

/** Each file is locked, so it is there until the commit, or not at all. */
const fileSteps = ({ next }: Variant) => ({
  files: `
    files as (
      select f.n, f.upload_id, u.upload_id is not null as is_there
      from unnest($${next}::int[], $${next + 1}::uuid[]) f (n, upload_id)
      left join uploads u on u.tenant_id = $1 and u.upload_id = f.upload_id and u.status = 'completed'
    ),`,
  isRefused: `
          when exists (select from files f where f.n = g.n and not f.is_there) then 'upload_not_usable'`,
  uses: `
    used as (
      insert into upload_uses (tenant_id, upload_id, room_id, message_id)
      select $1, f.upload_id, s.room_id, s.message_id from stamped s join files f on f.n = s.n
    ),`,
});

const toText = (
  { arrays, columns, isStored }: Variant,
  { files, isRefused, uses }: ReturnType<typeof fileSteps>,
): string => `
    with given as (
      select * from unnest(
        $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::uuid[], $9::bool[]${arrays})
        with ordinality as g (room_id, sender_id, client_message_id, message_id, parts, preview_text,
          parent_message_id, by_backend${columns}, n)
    ),${files}
    judged as (
      select g.*, r.place_of_room, r.last_seq, r.last_event_at, r.message_count, first.message_id as first_message_id,
        case
          when r.room_id is null then 'room_not_found'
          when p.user_id is null then 'not_a_participant'
          when first.message_id is not null then 'duplicate'
          when r.is_frozen and not g.by_backend then 'room_frozen'
          when g.parent_message_id is not null and parent.message_id is null then 'parent_not_found'${isRefused}
          else 'stored'
        end as verdict,
        parent.message_id as parent_id, parent.sender_id as parent_sender_id, parent.parts as parent_parts,
        parent.preview_text as parent_preview_text, parent.deleted_at as parent_deleted_at
      from given g
      -- Laterals with an order and a limit, so that these are looks into the index of that order, and none at all where
      -- nothing is asked for. As plain joins they are planned, where statistics do not know the tenant yet, to read all its
      -- messages for each message of the batch (400 ms for a batch at 10,000 messages, against 15), and all its
      -- participants and rooms.
      left join lateral (
        select *, ctid as place_of_room from rooms
        where tenant_id = $1 and ${isAt("room_id", "g.room_id")} and deleted_at is null
        order by room_id
        limit 1
      ) r on true
      left join lateral (
        select user_id from participants
        where tenant_id = $1 and room_id = g.room_id and ${isAt("user_id", "g.sender_id")}
        order by user_id
        limit 1
      ) p on true
      left join lateral (
        select message_id from messages
        where g.client_message_id is not null and tenant_id = $1 and room_id = g.room_id and sender_id = g.sender_id
          and ${isAt("client_message_id", "g.client_message_id")}
        order by client_message_id
        limit 1
      ) first on true
      left join lateral (
        select * from messages
        where g.parent_message_id is not null and tenant_id = $1 and room_id = g.room_id
          and ${isAt("message_id", "g.parent_message_id")}
        order by message_id
        limit 1
      ) parent on true
    ),
    placed as (
      select *, row_number() over (partition by room_id order by n) as place
      from judged
      where ${isStored}
    ),
    stamped as (
      select *, last_seq + place as seq, message_count + place as ordinal,
        greatest(clock_timestamp()::timestamptz(3), last_event_at + interval '1 ms')
          + (place - 1) * interval '1 ms' as created_at
      from placed
    ),
    stored as (
      insert into messages (tenant_id, room_id, seq, message_id, sender_id, client_message_id, parts, preview_text,
        parent_message_id, ordinal, created_at${columns})
      select $1, room_id, seq, message_id, sender_id, client_message_id, parts::json, preview_text,
        parent_message_id, ordinal, created_at${columns}
      from stamped
    ),${uses}
    logged as (
      insert into events (tenant_id, room_id, seq, type, actor_id, message_id, created_at)
      select $1, room_id, seq, 'message.created', sender_id, message_id, created_at
      from stamped
    ),
    counted as (
      update rooms r
      set last_seq = s.seq, last_event_at = s.created_at, message_count = s.ordinal, last_message_at = s.created_at,
        last_message_preview = s.preview_text, activity_at = s.created_at
      from (select distinct on (room_id) * from stamped order by room_id, place desc) s
      -- The rows are locked, so they are where they were; by any index the planner might take all rooms of the tenant.
      where r.tenant_id = $1 and r.ctid = s.place_of_room
    ),
    -- Who sends has read the room up to there.
    read as (
      update participants p
      set last_read_seq = s.seq, last_read_count = s.ordinal, last_read_at = s.created_at
      from (select distinct on (room_id, sender_id) * from stamped order by room_id, sender_id, place desc) s
      -- These rows are not locked and may move, so they are found by their keys; the senders once more, so that no plan
      -- takes all participants of the tenant.
      where p.tenant_id = $1 and p.user_id = any($3) and p.room_id = s.room_id and p.user_id = s.sender_id
    )
    select j.verdict, j.first_message_id, s.seq, s.created_at,
      j.parent_id, j.parent_sender_id, j.parent_parts, j.parent_preview_text, j.parent_deleted_at
    from judged j
    left join stamped s using (n)
    order by j.n`;

const write = toStatements({
  name: "write-messages",
  arrays: "",
  columns: "",
  isStored: "verdict = 'stored'",
  next: 10,
});

const writeAllOrNone = toStatements({
  name: "write-copies",
  arrays: ", $10::uuid[], $11::text[]",
  columns: ", forwarded_from_id, forwarded_from_sender_id",
  isStored: "not exists (select from judged where verdict <> 'stored')",
  next: 12,
});

interface ResultRow extends ParentRow {
  readonly verdict: WriteResult["verdict"];
  readonly first_message_id: string | null;
  readonly seq: number | null;
  readonly created_at: string | null;
}

const toResult = (row: ResultRow): WriteResult => {
  if (row.verdict === "stored" && row.seq !== null && row.created_at !== null) {
    return {
      verdict: "stored",
      seq: row.seq,
      createdAt: row.created_at,
      ...(row.parent_id !== null && { parent: row }),
    };
  }
  if (row.verdict === "duplicate" && row.first_message_id !== null) {
    return { verdict: "duplicate", firstMessageId: row.first_message_id };
  }
  if (row.verdict === "stored" || row.verdict === "duplicate") {
    throw new Error(`unable to read the result of a write; ${row.verdict} without its row`);
  }
  return { verdict: row.verdict };
};
