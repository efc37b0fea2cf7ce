import type { ChatClient } from "./client.ts";
import { OpenRoom } from "./open-room.ts";
import type { RoomState, RoomSubscription, RoomSubscriptionOptions } from "./room-state.ts";

/**
 * Opens a room: reads its newest messages, takes what comes and changes, and marks it as read. `onChange` is called with
 * the whole state, once for all changes that come together. Rules RV1 to RV12 of SPEC.md.
 *
 * @example
 * import { Sendsar, subscribeToRoom } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * const subscription = subscribeToRoom(chat, roomId, ({ room, messages, isLoading }) => {
 *   console.log(isLoading ? "loading" : `${room?.name}: ${messages.length} messages`);
 * });
 * await subscription.ready;
 * await subscription.loadOlder();
 * subscription.close();
 * await chat.disconnect();
 */
export function subscribeToRoom(
  chat: ChatClient,
  roomId: string,
  onChange: (state: RoomState) => void,
  options: RoomSubscriptionOptions = {},
): RoomSubscription {
  const subscription = new OpenRoom(chat, roomId, onChange, options);
  subscription.open();
  return subscription;
}
