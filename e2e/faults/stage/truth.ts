import type { ChangeAction, LogFact, RoomTruth, RowFact, Seen } from "../../checker/history.ts";
import type { WireMessage } from "../load/payload.ts";
import { printOf, toSeen } from "../load/payload.ts";
import type { Rest } from "../load/rest.ts";
import type { FaultDatabase } from "../processes/database.ts";

/** A room, and who reads it by REST. */
export interface RoomKey {
  readonly tenant: string;
  readonly room: string;
  readonly rest: Rest;
}

/** Reads the rooms at the end of a run: from the tables, past the gateway, and page by page through it. */
export const readTruth = async (
  database: Pick<FaultDatabase, "query">,
  rooms: readonly RoomKey[],
): Promise<readonly RoomTruth[]> => {
  const [rows, log] = await Promise.all([readRows(database, rooms), readLog(database, rooms)]);
  const truths: RoomTruth[] = [];
  for (const { tenant, room, rest } of rooms) {
    truths.push({
      tenant,
      room,
      rows: rows.get(room) ?? [],
      log: log.get(room) ?? [],
      pages: await readPages(rest, room),
    });
  }
  return truths;
};

/** Rows of messages by room, in the order of `seq`. */
export const readRows = async (
  database: Pick<FaultDatabase, "query">,
  rooms: readonly Pick<RoomKey, "room">[],
): Promise<ReadonlyMap<string, readonly RowFact[]>> => {
  const rows = await database.query<MessageRow>(`
    select room_id, seq::int, message_id, client_message_id, sender_id, parts
    from sendsar.messages
    where room_id in (${listOf(rooms)})
    order by room_id, seq`);
  const facts = rows.map((row) => ({
    room: row.room_id,
    id: row.message_id,
    seq: row.seq,
    sendId: row.client_message_id,
    sender: row.sender_id,
    print: printOf(row.parts),
  }));
  return Map.groupBy(facts, ({ room }) => room);
};

interface MessageRow {
  readonly room_id: string;
  readonly seq: number;
  readonly message_id: string;
  readonly client_message_id: string | null;
  readonly sender_id: string;
  readonly parts: WireMessage["parts"];
}

const readLog = async (
  database: Pick<FaultDatabase, "query">,
  rooms: readonly RoomKey[],
): Promise<ReadonlyMap<string, readonly LogFact[]>> => {
  const rows = await database.query<LogRow>(`
    select room_id, seq::int, type, message_id, data
    from sendsar.events
    where room_id in (${listOf(rooms)})
    order by room_id, seq`);
  const facts = rows.map(({ room_id: room, seq, type, message_id: messageId, data }) => ({
    room,
    seq,
    // A later change of a message is about it too, and stands at another place.
    ...(type === "message.created" && messageId !== null && { messageId }),
    ...(type === "participants.changed" && data && { change: { action: data.action, users: data.targetUserIds } }),
  }));
  return Map.groupBy(facts, ({ room }) => room);
};

interface LogRow {
  readonly room_id: string;
  readonly seq: number;
  readonly type: string;
  readonly message_id: string | null;
  readonly data: { readonly action: ChangeAction; readonly targetUserIds: readonly string[] } | null;
}

const readPages = async (rest: Rest, room: string): Promise<readonly Seen[]> => {
  const seen: Seen[] = [];
  for (let cursor = ""; ;) {
    const more = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await rest.call("GET", `/chat/rooms/${room}/messages?limit=100${more}`);
    if (status !== 200) throw new Error(`unable to read room ${room}; ${status} ${JSON.stringify(body)}`);
    seen.push(...body.messages.map(toSeen));
    if (body.nextCursor === null) return seen.toReversed();
    cursor = body.nextCursor;
  }
};

/** Ids are UUIDs that the gateway made. */
const listOf = (rooms: readonly Pick<RoomKey, "room">[]): string => rooms.map(({ room }) => `'${room}'`).join(", ");
