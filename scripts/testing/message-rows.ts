import pg from "pg";
import { runOn } from "./test-server.ts";

/** What the database has of a room's messages, and of the log's entries about them, each in the order of seq. */
export interface MessageRows {
  readonly messages: readonly MessageRow[];
  readonly events: readonly Omit<MessageRow, "transaction">[];
  readonly room: { readonly lastSeq: number; readonly messageCount: number; readonly lastMessageId: string | null };
}

export interface MessageRow {
  readonly seq: number;
  readonly messageId: string;
  readonly senderId: string;
  readonly createdAt: string;
  /** Id of the transaction that wrote it: equal for what was written together. */
  readonly transaction: string;
}

/** Reads them as a superuser. */
export const readMessageRows = async (adminUrl: string, roomId: string): Promise<MessageRows> => {
  const id = pg.escapeLiteral(roomId);
  const messages = await runOn<pg.QueryResultRow & MessageRow>(
    adminUrl,
    `select seq::int, message_id as "messageId", sender_id as "senderId", created_at::text as "createdAt",
       xmin::text as transaction
     from sendsar.messages where room_id = ${id} order by seq`,
  );
  const events = await runOn<pg.QueryResultRow & MessageRow>(
    adminUrl,
    `select seq::int, message_id as "messageId", actor_id as "senderId", created_at::text as "createdAt"
     from sendsar.events where room_id = ${id} and type = 'message.created' order by seq`,
  );
  const [room] = await runOn<pg.QueryResultRow & MessageRows["room"]>(
    adminUrl,
    `select last_seq::int as "lastSeq", message_count::int as "messageCount",
       (select m.message_id from sendsar.messages m where m.room_id = r.room_id and m.created_at = r.last_message_at)
         as "lastMessageId"
     from sendsar.rooms r where room_id = ${id}`,
  );
  if (!room) throw new Error(`unable to read the rows of room ${roomId}; there is no such room`);
  return { messages, events, room };
};
