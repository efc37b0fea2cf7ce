import type { ChatClient } from "./client.ts";
import { UsersByRoom } from "./users-by-room.ts";

/** Who types where. */
export interface TypingTracker {
  /** The others who type in a room now, in the order in which they began. */
  in(roomId: string): readonly string[];
  /** Ends it. */
  close(): void;
}

/**
 * Follows who types in the rooms of the user. Who sends a message has stopped, and a break in the connection forgets
 * everybody. `onChange` is called with a room and those who type in it now.
 *
 * @example
 * import { Sendsar, trackTyping } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * const typing = trackTyping(chat, (room, userIds) => console.log(room, userIds.join(", ")));
 * await chat.connect({ userId: "ann", token });
 * console.log(typing.in(roomId));
 * typing.close();
 * await chat.disconnect();
 */
export function trackTyping(
  chat: ChatClient,
  onChange: (roomId: string, userIds: readonly string[]) => void = () => {},
): TypingTracker {
  const users = new UsersByRoom(onChange);
  const stops = [
    chat.on("typing", ({ roomId, userId, isTyping }) => {
      if (userId !== chat.userId) users.set(roomId, userId, isTyping);
    }),
    chat.on("new-message", ({ roomId, senderId }) => users.set(roomId, senderId, false)),
    chat.on("room-participants-changed", ({ roomId, targetUserId, action }) => {
      if (action !== "joined") users.set(roomId, targetUserId, false);
    }),
    chat.on("connection", ({ state }) => {
      if (state !== "connected") users.clear();
    }),
  ];
  return { in: (roomId) => users.of(roomId), close: () => stops.forEach((stop) => stop()) };
}
