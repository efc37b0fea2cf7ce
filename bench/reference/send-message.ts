import { randomUUID } from "node:crypto";
import type pg from "pg";
import { toMessage } from "../floors/message.ts";
import type { BenchMessage } from "../floors/message.ts";

export interface SendBody {
  readonly senderId: string;
  readonly parts: readonly { readonly type: string; readonly text: string }[];
}

/**
 * Stores one message in one transaction: is the sender in the room, the room's next number, the row. Answers undefined
 * when the sender is not in the room.
 */
export const sendMessage = async (pool: pg.Pool, roomId: string, body: SendBody): Promise<BenchMessage | undefined> => {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const member = await client.query({ ...findMember, values: [roomId, body.senderId] });
    if (member.rowCount === 0) {
      await client.query("rollback");
      return undefined;
    }
    const counted = await client.query<{ last_seq: string }>({ ...countRoom, values: [roomId] });
    const seq = Number(counted.rows[0]?.last_seq);
    const id = randomUUID();
    const values = [roomId, seq, id, body.senderId, JSON.stringify(body.parts)];
    const stored = await client.query<{ created_at: Date }>({ ...insertMessage, values });
    await client.query("commit");
    const createdAt = stored.rows[0]?.created_at.toISOString() ?? "";
    return toMessage({ id, roomId, seq, senderId: body.senderId, parts: body.parts, createdAt });
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
};

const findMember = {
  name: "find-member",
  text: "select from participants where room_id = $1 and user_id = $2",
};

const countRoom = {
  name: "count-room",
  text: "update rooms set last_seq = last_seq + 1 where room_id = $1 returning last_seq",
};

const insertMessage = {
  name: "insert-message",
  text: `
    insert into messages (room_id, seq, message_id, sender_id, parts) values ($1, $2, $3, $4, $5)
    returning created_at`,
};
