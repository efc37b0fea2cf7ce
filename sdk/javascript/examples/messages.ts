import { type ChatClient, groupReactions, iterateMessages, tickOf } from "../src/sendsar.ts";

/** Sending. */
export async function send(chat: ChatClient, roomId: string): Promise<string> {
  // docs:start(send)
  const question = await chat.sendMessage(roomId, "Is it still hot?");
  await chat.sendMessage(roomId, { text: "I hope so", parentMessageId: question.id });
  for (const { clientMessageId, state } of chat.outbox.entries) {
    if (state === "failed") await chat.outbox.retry(clientMessageId);
  }
  // docs:end(send)
  return question.id;
}

/** Reading. */
export async function read(chat: ChatClient, roomId: string, messageId: string): Promise<void> {
  // docs:start(read)
  const newest = await chat.getMessages(roomId, { limit: 20 });
  const older = await chat.getMessages(roomId, { before: messageId });
  const newer = await chat.getMessages(roomId, { after: messageId });
  const around = await chat.getMessages(roomId, { around: messageId, limit: 11 });
  console.log(newest.messages.length, older.messages.length, newer.messages.length, around.messages.length);
  for await (const { createdAt, previewText } of iterateMessages(chat, roomId)) console.log(createdAt, previewText);
  // docs:end(read)
}

/** Changing. */
export async function change(chat: ChatClient, roomId: string, messageId: string): Promise<void> {
  // docs:start(change)
  await chat.editMessage(roomId, messageId, "Is it still warm?");
  const { reactions } = await chat.toggleReaction(roomId, messageId, "👍");
  for (const { emoji, count, isMine } of groupReactions(reactions, chat.userId)) console.log(emoji, count, isMine);
  await chat.pinMessage(roomId, messageId);
  const pinned = await chat.getPinnedMessages(roomId);
  console.log(`${pinned.length} pinned`);
  await chat.unpinMessage(roomId, messageId);
  await chat.deleteMessage(roomId, messageId);
  const { deletedAt } = await chat.getMessage(roomId, messageId);
  console.log(deletedAt !== null);
  // docs:end(change)
}

/** Forwarding. */
export async function forward(chat: ChatClient, roomId: string, messageId: string, other: string): Promise<void> {
  // docs:start(forward)
  const [copy] = await chat.forwardMessage(roomId, messageId, [other]);
  console.log(`forwarded from ${copy?.forwardedFromSenderId}`);
  // docs:end(forward)
}

/** Receipts. */
export async function receipts(chat: ChatClient, roomId: string): Promise<void> {
  // docs:start(receipts)
  const { messages, peerLastReadAt, peerLastDeliveredAt } = await chat.getMessages(roomId);
  for (const message of messages) {
    const tick = message.senderId === chat.userId ? tickOf(message, { peerLastReadAt, peerLastDeliveredAt }) : "";
    console.log(message.previewText, tick);
  }
  await chat.markDelivered(roomId);
  await chat.markRead(roomId, messages[0]?.id);
  const { unreadCount, unreadRooms } = await chat.getUnread();
  console.log(`${unreadCount} unread in ${unreadRooms} rooms`);
  for (const unread of await chat.listUnread([roomId])) console.log(unread.roomId, unread.unreadCount);
  // docs:end(receipts)
}
