import { limits } from "@sendsar/protocol/limits";
import { ChatError } from "../../chat/chat-error.ts";
import { requireRoom } from "../../chat/rooms.ts";
import { openRoomChannel } from "../channels.ts";
import type { Handler } from "../handler.ts";

/** The client opened a room. Delivery does not depend on it: this is presence inside the room (contract 5.2). */
export const joinRoom: Handler<"join-room"> = async ({ deps, fanout, presence }, connection, { roomId: given }) => {
  const { socket, tenantId, userId } = connection;
  const roomId = given.toLowerCase();
  await requireRoom(deps, tenantId, roomId, userId);
  if (connection.openRooms.size >= limits.joinedRoomsPerSocketMax) throw new ChatError("rate_limited");
  if (!socket.connected) return;
  if (!connection.openRooms.has(roomId)) {
    connection.openRooms.add(roomId);
    // Before the socket is in the group: nobody is told of itself.
    presence.openRoom(tenantId, roomId, userId);
    await socket.join(openRoomChannel(tenantId, roomId));
  }
  fanout.toSocket(socket, "joined-room", { roomId });
  fanout.toSocket(socket, "presence-snapshot", { roomId, onlineUserIds: presence.inRoom(tenantId, roomId) });
};
