import { ChatError } from "../../chat/chat-error.ts";
import { roomChannel } from "../channels.ts";
import type { Connection, RealtimeContext } from "../context.ts";
import type { Handler } from "../handler.ts";

/** Relays typing to the other participants; nothing is stored. Membership is what the socket's own groups say. */
export const typing: Handler<"typing"> = async ({ fanout }, connection, { roomId: given, isTyping }) => {
  const { socket, tenantId, userId } = connection;
  const roomId = given.toLowerCase();
  if (!socket.rooms.has(roomChannel(tenantId, roomId))) throw new ChatError("room_not_found");
  if (isTyping) socket.data.typingRooms.add(roomId);
  else socket.data.typingRooms.delete(roomId);
  fanout.typing(tenantId, { roomId, userId, isTyping });
};

/** Takes back what the socket last said: clients send `true` once and may never come to send `false`. */
export const stopTyping = ({ fanout }: RealtimeContext, connection: Connection, roomId: string): void => {
  const { socket, tenantId, userId } = connection;
  if (socket.data.typingRooms.delete(roomId)) fanout.typing(tenantId, { roomId, userId, isTyping: false });
};
