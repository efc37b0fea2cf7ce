import type { ChatClient } from "./client.ts";
import { UsersByRoom } from "./users-by-room.ts";

/** Who has which room open. */
export interface RoomPresence {
  /** The users who have a joined room open now, this one included. */
  in(roomId: string): readonly string[];
  /** Ends it. */
  close(): void;
}

/**
 * Follows who has the rooms open that were joined with `joinRoom`. A break in the connection forgets everybody, until the
 * rooms are joined again. Who is online in the whole tenant is in `chat.presence`.
 *
 * @example
 * import { Sendsar, trackRoomPresence } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * const presence = trackRoomPresence(chat, (room, userIds) => console.log(room, userIds.join(", ")));
 * await chat.connect({ userId: "ann", token });
 * await chat.joinRoom(roomId);
 * console.log(presence.in(roomId));
 * presence.close();
 * await chat.disconnect();
 */
export function trackRoomPresence(
  chat: ChatClient,
  onChange: (roomId: string, userIds: readonly string[]) => void = () => {},
): RoomPresence {
  const users = new UsersByRoom(onChange);
  const stops = [
    chat.on("presence-snapshot", ({ roomId, onlineUserIds }) => users.replace(roomId, onlineUserIds)),
    chat.on("presence", ({ roomId, userId, online }) => users.set(roomId, userId, online)),
    chat.on("left-room", ({ roomId }) => users.replace(roomId, [])),
    chat.on("connection", ({ state }) => {
      if (state !== "connected") users.clear();
    }),
  ];
  return { in: (roomId) => users.of(roomId), close: () => stops.forEach((stop) => stop()) };
}
