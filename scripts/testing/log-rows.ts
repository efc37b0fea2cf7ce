import pg from "pg";
import { runOn } from "./test-server.ts";

/** An event as it stands in a room's log. */
export interface LogRow {
  readonly seq: number;
  readonly type: string;
  readonly actorId: string | null;
  readonly messageId: string | null;
  readonly data: unknown;
}

/** Reads a room's log as a superuser, in the order of seq. */
export const readLogRows = (adminUrl: string, roomId: string): Promise<LogRow[]> =>
  runOn<pg.QueryResultRow & LogRow>(
    adminUrl,
    `select seq::int, type, actor_id as "actorId", message_id as "messageId", data
     from sendsar.events where room_id = ${pg.escapeLiteral(roomId)} order by seq`,
  );
