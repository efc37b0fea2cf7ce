import pg from "pg";
import { runOn } from "./test-server.ts";

/** Puts as many more users into a room of tenant `a`, as a superuser: a crowd that would take long to call in. */
export const plantParticipants = async (adminUrl: string, roomId: string, count: number): Promise<void> => {
  const id = pg.escapeLiteral(roomId);
  await runOn(
    adminUrl,
    `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
     select 'a', 'crowd_' || n, 'Crowd ' || n, now(), now() from generate_series(1, ${count}) n
     on conflict do nothing`,
    `insert into sendsar.participants (tenant_id, room_id, user_id, role, joined_at)
     select 'a', ${id}, 'crowd_' || n, 'MEMBER', now() from generate_series(1, ${count}) n`,
  );
};

/** Puts as many messages of one sender into a room of tenant `a`, with their events and the room's counters. */
export const plantMessages = async (
  adminUrl: string,
  roomId: string,
  senderId: string,
  count: number,
): Promise<void> => {
  const [id, sender] = [pg.escapeLiteral(roomId), pg.escapeLiteral(senderId)];
  await runOn(
    adminUrl,
    `with room as (
       select * from sendsar.rooms where tenant_id = 'a' and room_id = ${id}
     ),
     given as (
       select n, gen_random_uuid() as message_id, last_event_at + n * interval '1 ms' as created_at
       from room, generate_series(1, ${count}) n
     ),
     sent as (
       insert into sendsar.messages (tenant_id, room_id, seq, message_id, sender_id, parts, preview_text, ordinal, created_at)
       select 'a', ${id}, room.last_seq + n, message_id, ${sender}, json_build_array(
         json_build_object('type', 'text', 'text', 'planted ' || n)), 'planted ' || n, room.message_count + n, given.created_at
       from room, given
     ),
     logged as (
       insert into sendsar.events (tenant_id, room_id, seq, type, actor_id, message_id, created_at)
       select 'a', ${id}, room.last_seq + n, 'message.created', ${sender}, message_id, given.created_at from room, given
     )
     update sendsar.rooms
     set last_seq = last_seq + ${count}, message_count = message_count + ${count},
       last_event_at = last_event_at + ${count} * interval '1 ms',
       last_message_at = last_event_at + ${count} * interval '1 ms',
       activity_at = last_event_at + ${count} * interval '1 ms', last_message_preview = 'planted ${count}'
     where tenant_id = 'a' and room_id = ${id}`,
  );
};
