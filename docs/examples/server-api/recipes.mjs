// What a backend does with Sendsar, one thing after the other: API_URL=… API_KEY=… node recipes.mjs

// docs:start(client)
import { SendsarError, createSendsar } from "@sendsar/server-sdk";

const { API_URL: apiUrl, API_KEY: apiKey } = process.env;
const sendsar = createSendsar({ apiUrl, apiKey });
// docs:end(client)

// docs:start(users)
await sendsar.users.upsert({ id: "buyer_5", username: "Dara", metadata: { plan: "free" } });
await sendsar.users.upsert({ id: "shop_9", username: "Noodle Bar" });
const { username, metadata } = await sendsar.users.update("buyer_5", { username: "Dara Sok" });
console.log(username, metadata.plan);
// docs:end(users)

// docs:start(direct)
const direct = await sendsar.rooms.ensureDirect("shop_9", "buyer_5");
const again = await sendsar.rooms.ensureDirect("buyer_5", "shop_9");
console.log(direct.externalId, again.id === direct.id);
// docs:end(direct)

// docs:start(group)
const order = await sendsar.rooms.ensureGroup("order:9001", {
  name: "Order 9001",
  customType: "order",
  participants: ["shop_9", "buyer_5"],
});
await sendsar.rooms.addParticipant(order.id, { userId: "courier_2", username: "Bo" });
await sendsar.rooms.removeParticipant(order.id, "courier_2");
console.log(order.participants.map(({ userId, role }) => `${userId} ${role}`).join(", "));
// docs:end(group)

// docs:start(send)
const message = await sendsar.messages.send(order.id, {
  senderId: "shop_9",
  text: "Your order is ready",
  clientMessageId: "order-9001-ready",
});
const repeated = await sendsar.messages.send(order.id, {
  senderId: "shop_9",
  text: "Your order is ready",
  clientMessageId: "order-9001-ready",
});
console.log(message.previewText, repeated.id === message.id);
// docs:end(send)

// docs:start(find)
const found = await sendsar.rooms.find("order:9001");
console.log(found?.name, found?.lastMessage?.previewText);

for await (const { externalId } of sendsar.rooms.all({ participantId: "buyer_5", customTypesFilter: ["order"] })) {
  console.log(externalId);
}
// docs:end(find)

// docs:start(unread)
const { unreadCount, unreadRooms } = await sendsar.receipts.getUnread({ userId: "buyer_5" });
console.log(unreadCount, unreadRooms);
await sendsar.receipts.markRead(order.id, { userId: "buyer_5" });
// docs:end(unread)

// docs:start(delete)
const { deletedAt } = await sendsar.messages.delete(order.id, message.id, { userId: "shop_9" });
console.log(deletedAt !== null);
await sendsar.rooms.update(order.id, { isFrozen: true });
await sendsar.rooms.delete(order.id);
// docs:end(delete)

// docs:start(leave)
await sendsar.users.deactivate("buyer_5");
await sendsar.users.reactivate("buyer_5");
await sendsar.users.delete("buyer_5", { deleteMessages: true });
// docs:end(leave)

// docs:start(settings)
const { chat } = await sendsar.tenant.updateSettings({ chat: { deletedMessageDisplay: "hidden" } });
console.log(chat.deletedMessageDisplay, chat.deletedMessagePlaceholder);
await sendsar.tenant.updateSettings({ chat: { deletedMessageDisplay: null } });
// docs:end(settings)

// docs:start(idempotency)
const room = { name: "Order 9002", participants: [{ id: "shop_9" }] };
const made = await sendsar.rooms.create(room, { idempotencyKey: "create-order-9002" });
const answeredAgain = await sendsar.rooms.create(room, { idempotencyKey: "create-order-9002" });
console.log(answeredAgain.id === made.id);
// docs:end(idempotency)

// docs:start(limits)
const { limits } = await sendsar.tenant.getRateLimits();
const sending = limits.find(({ action, scope }) => action === "send-message" && scope === "tenant");
console.log(`${sending?.limit} messages in ${sending?.windowSeconds} s`);
// docs:end(limits)

// docs:start(errors)
try {
  await sendsar.rooms.get("no-such-room");
} catch (error) {
  if (!(error instanceof SendsarError)) throw error;
  console.log(error.status, error.code);
}
// docs:end(errors)
