import { openRoomChannel } from "../channels.ts";
import type { Connection, RealtimeContext } from "../context.ts";
import type { Handler } from "../handler.ts";
import { stopTyping } from "./typing.ts";

/** The client closed a room. Leaving one that was not joined is answered just the same. */
export const leaveRoom: Handler<"leave-room"> = async (context, connection, { roomId: given }) => {
  const roomId = given.toLowerCase();
  await connection.socket.leave(openRoomChannel(connection.tenantId, roomId));
  closeRoom(context, connection, roomId);
  context.fanout.toSocket(connection.socket, "left-room", { roomId });
};

/** Forgets that a socket has a room open, and tells the room when it was the user's last. */
export const closeRoom = (context: RealtimeContext, connection: Connection, roomId: string): void => {
  const { tenantId, userId } = connection;
  stopTyping(context, connection, roomId);
  if (connection.openRooms.delete(roomId)) context.presence.closeRoom(tenantId, roomId, userId);
};
