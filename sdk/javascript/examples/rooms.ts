import { type ChatClient, compareRooms, iterateRooms } from "../src/sendsar.ts";

/** Lists of rooms. */
export async function listRooms(chat: ChatClient): Promise<void> {
  // docs:start(list-rooms)
  const { rooms, nextCursor } = await chat.listRooms({ limit: 20, customTypesFilter: ["order"] });
  for (const { name, unreadCount, lastMessage } of [...rooms].sort(compareRooms)) {
    console.log(name, unreadCount, lastMessage?.previewText);
  }
  if (nextCursor !== null) await chat.listRooms({ limit: 20, cursor: nextCursor });
  // docs:end(list-rooms)
}

/** Every room, page by page. */
export async function walkRooms(chat: ChatClient): Promise<void> {
  // docs:start(iterate-rooms)
  for await (const { name } of iterateRooms(chat)) console.log(name);
  // docs:end(iterate-rooms)
}

/** What an operator does. */
export async function manageGroup(chat: ChatClient, roomId: string, userId: string): Promise<void> {
  // docs:start(participants)
  const { participants } = await chat.addParticipant(roomId, userId, "Cem");
  console.log(participants.map(({ username, role }) => `${username} (${role})`).join(", "));
  await chat.setRole(roomId, userId, "OPERATOR");
  await chat.removeParticipant(roomId, userId);
  // docs:end(participants)
}

/** What everybody does for themselves. */
export async function tidyUp(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(conversations)
  await chat.clearHistory(roomId);
  const { action } = await chat.deleteConversation(roomId);
  console.log(action); // "left" in a group, "hidden" between two people
  // docs:end(conversations)
}
