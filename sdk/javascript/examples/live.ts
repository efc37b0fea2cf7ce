import { type ChatClient, confirmDelivery, subscribeToRoom, trackRoomPresence, trackTyping } from "../src/sendsar.ts";

/** An open room. */
export async function openRoom(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(subscribe)
  const subscription = subscribeToRoom(chat, roomId, ({ room, messages, hasOlder, isMember }) => {
    console.log(room?.name, messages.length, hasOlder, isMember);
  });
  await subscription.ready;
  await subscription.loadOlder(); // when the reader comes to the top
  const typing = chat.typing(roomId);
  typing.keystroke(); // on every key of the input; the rest follows by itself
  subscription.close();
  // docs:end(subscribe)
}

/** Who is there, and what they do. */
export async function followOthers(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(presence)
  chat.on("presence-change", ({ onlineUserIds }) => console.log(`${onlineUserIds.length} online`));
  const typing = trackTyping(chat, (room, userIds) => console.log(`${userIds.join(", ")} typing in ${room}`));
  const open = trackRoomPresence(chat, (room, userIds) => console.log(`${userIds.length} have ${room} open`));
  await chat.joinRoom(roomId);
  console.log(chat.presence.isOnline(chat.userId ?? ""), typing.in(roomId), open.in(roomId));
  // docs:end(presence)
  chat.leaveRoom(roomId);
  typing.close();
  open.close();
}

/** Delivery receipts for everything that comes. */
export function confirmEverything(chat: ChatClient): () => void {
  // docs:start(confirm-delivery)
  const stop = confirmDelivery(chat);
  // docs:end(confirm-delivery)
  return stop;
}
