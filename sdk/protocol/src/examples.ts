/**
 * The values shown in OpenAPI, AsyncAPI and docs/reference. They tell one story (a buyer asks a shop about an order), so
 * that an id seen in one example means the same in the next. A test parses each with the schema that shows it.
 */
const buyer = "buyer_5";
const shop = "shop_9";
const roomId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const messageId = "019aab3c-2f5d-7c3e-8a41-5b0f6e2d9c10";
const parentMessageId = "019aab3b-9e01-7d42-b6f0-3c8e1a7f4d02";
const clientMessageId = "5d0e8c1a-7b34-4f6e-9a2d-c1b0e3f58a77";
const uploadId = "019aab3c-8a11-7b20-8d4e-2f1a0c9b8e77";
const cursor = "MjAyNi0xMS0yMlQwOTowMTowMi4zMTda";
const roomMadeAt = "2026-11-22T09:00:00.000Z";
const messageSentAt = "2026-11-22T09:01:02.317Z";
const parts = [{ type: "text", text: "Is it still hot?" }];

const room = {
  id: roomId,
  name: "Order 8812",
  avatarUrl: null,
  externalId: "order:8812",
  customType: "order",
  metadata: { orderId: "8812" },
  isFrozen: false,
  lastMessage: { previewText: "Is it still hot?", createdAt: messageSentAt },
  unreadCount: 1,
  lastReadMessageId: parentMessageId,
  createdAt: roomMadeAt,
  kind: "group",
  isGroup: true,
  lastSeq: 2,
};

const roomFace = {
  name: "Order 8812",
  avatarUrl: null,
  externalId: "order:8812",
  customType: "order",
  metadata: { orderId: "8812" },
  isFrozen: false,
};

const participant = {
  userId: buyer,
  username: "Dara",
  avatarUrl: null,
  role: "OPERATOR",
  joinedAt: roomMadeAt,
  lastReadAt: messageSentAt,
  lastReadMessageId: messageId,
  lastDeliveredAt: messageSentAt,
};

const parentMessage = {
  id: parentMessageId,
  senderId: shop,
  parts: [{ type: "text", text: "Packed!" }],
  previewText: "Packed!",
  deleted: false,
};

const message = {
  id: messageId,
  roomId,
  seq: 2,
  senderId: buyer,
  clientMessageId,
  parts,
  previewText: "Is it still hot?",
  createdAt: messageSentAt,
  parentMessageId,
  parentMessage,
  editedAt: null,
  deletedAt: null,
  deletedHidden: null,
  reactions: [{ userId: shop, emoji: "👍" }],
  pinnedAt: null,
  pinnedBy: null,
  forwardedFromId: null,
  forwardedFromSenderId: null,
};

/** Example values by the name of what they exemplify. */
export const examples = {
  userId: buyer,
  otherUserId: shop,
  roomId,
  messageId,
  cursor,
  timestamp: roomMadeAt,
  httpUrl: "https://shop.example/avatars/5.png",
  metadata: { orderId: "8812" },
  parts,
  upsertUserBody: { id: buyer, username: "Dara" },
  user: {
    id: buyer,
    username: "Dara",
    appCode: null,
    avatarUrl: null,
    metadata: null,
    deactivatedAt: null,
    createdAt: roomMadeAt,
    updatedAt: roomMadeAt,
  },
  createTokenBody: { userId: buyer, expiresIn: 3600 },
  sessionToken: {
    token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJidXllcl81In0.c2lnbmF0dXJl",
    expiresAt: "2026-11-22T10:00:00.000Z",
    userId: buyer,
  },
  createRoomBody: {
    name: "Order 8812",
    externalId: "order:8812",
    customType: "order",
    metadata: { orderId: "8812" },
    participants: [
      { id: buyer, username: "Dara" },
      { id: shop, username: "Noodle Bar" },
    ],
  },
  room,
  participant,
  roomDetail: {
    ...room,
    participants: [
      participant,
      {
        ...participant,
        userId: shop,
        username: "Noodle Bar",
        role: "MEMBER",
        lastReadAt: null,
        lastReadMessageId: null,
        lastDeliveredAt: null,
      },
    ],
  },
  sendMessageBody: { senderId: buyer, parts, clientMessageId, parentMessageId },
  message,
  parentMessage,
  messagePage: {
    messages: [message],
    nextCursor: cursor,
    previousCursor: null,
    lastSeq: 2,
    peerLastReadAt: roomMadeAt,
    peerLastDeliveredAt: messageSentAt,
  },
  markRoomReadBody: { userId: buyer, lastReadMessageId: messageId },
  readPointer: {
    roomId,
    userId: buyer,
    lastReadAt: messageSentAt,
    lastReadMessageId: messageId,
    unreadCount: 0,
  },
  errorBody: {
    statusCode: 404,
    code: "room_not_found",
    error: "Room not found",
    message: "Room not found",
    requestId: "req_01",
  },
  participantChange: { roomId, userId: shop, role: "OPERATOR", actorUserId: buyer, seq: 5 },
  emoji: "👍",
  uploadId,
  updateRoomBody: { name: "Order 8812, delivered", isFrozen: true },
  roomUpdated: { ...roomFace, roomId, seq: 4 },
  deletedRoom: { ok: true, roomId },
  deliveryPointer: { roomId, userId: buyer, lastDeliveredAt: messageSentAt, lastDeliveredMessageId: messageId },
  clearedHistory: { ok: true, roomId, userId: buyer, clearedAt: messageSentAt },
  deletedConversation: {
    ok: true,
    roomId,
    userId: buyer,
    action: "hidden",
    left: false,
    hidden: true,
    clearedAt: messageSentAt,
  },
  unreadTotal: { userId: buyer, unreadCount: 3, unreadRooms: 2 },
  unreadRoom: { roomId, unreadCount: 3, lastReadMessageId: messageId },
  editMessageBody: { userId: buyer, parts: [{ type: "text", text: "Is it still warm?" }] },
  forwardBody: { userId: buyer, targetRoomIds: [roomId] },
  presignBody: { filename: "menu.pdf", mediaType: "application/pdf", sizeBytes: 48_211, roomId },
  presignedUpload: {
    uploadId,
    uploadUrl: "https://files.example/acme/uploads/menu.pdf?signature=…",
    method: "PUT",
    uploadUrlExpiresAt: "2026-11-22T09:10:00.000Z",
  },
  completedUpload: {
    uploadId,
    status: "completed",
    sizeBytes: 48_211,
    mediaType: "application/pdf",
    filename: "menu.pdf",
  },
  uploadAccess: {
    uploadId,
    accessUrl: "https://chat.example/files/c2lnbmVk/menu.pdf",
    accessUrlExpiresAt: "2026-11-22T10:10:00.000Z",
  },
  storage: { bytesUsed: 48_211, fileCount: 1, pendingBytes: 0, quotaBytes: 10_737_418_240 },
  deviceBody: { provider: "FCM", token: "fcm-token-of-the-device", platform: "android" },
  device: {
    id: "019aab3d-1c2b-7a10-9f3e-6d5c4b3a2f10",
    provider: "FCM",
    token: "fcm-token-of-the-device",
    platform: "android",
    createdAt: roomMadeAt,
  },
  app: {
    appCode: "driver-app",
    name: "Driver app",
    pushPayloadType: "FULL",
    hasOneSignal: false,
    hasFcm: true,
    hasPushy: false,
    hasApns: false,
    hasWebPush: false,
    isDefault: false,
    createdAt: roomMadeAt,
    updatedAt: roomMadeAt,
  },
  createAppBody: { appCode: "driver-app", name: "Driver app", pushPayloadType: "FULL" },
  updateAppBody: { name: "Driver app 2" },
  rateLimit: { action: "send-message", scope: "user", limit: 20, windowSeconds: 2, remaining: 19, resetSeconds: 1 },
  settingsPatch: { chat: { deletedMessageDisplay: "hidden" } },
};
