import type { Sendsar } from "../src/client.ts";
import type { OperationId } from "../src/operation.ts";

/** What the calls are about. */
export interface Subject {
  readonly userId: string;
  readonly roomId: string;
  readonly messageId: string;
  readonly uploadId: string;
}

/** A method of the client, and a call of it that says all that can be said. */
export interface MethodCall {
  readonly name: string;
  readonly make: (sendsar: Sendsar, subject: Subject) => Promise<unknown>;
}

const parts = [{ type: "text", text: "hello" }];

/** One method per endpoint that takes an API key. An endpoint of the contract without one does not compile. */
export const everyCall: { readonly [Id in OperationId]: MethodCall } = {
  upsertUser: {
    name: "users.upsert",
    make: ({ users }, { userId }) =>
      users.upsert({ id: userId, username: "Ann", appCode: "demo", avatarUrl: null, metadata: { vip: true } }),
  },
  listUsers: { name: "users.list", make: ({ users }) => users.list({ limit: 5, cursor: "c" }) },
  getUser: { name: "users.get", make: ({ users }, { userId }) => users.get(userId) },
  updateUser: { name: "users.update", make: ({ users }, { userId }) => users.update(userId, { username: "Anne" }) },
  deactivateUser: { name: "users.deactivate", make: ({ users }, { userId }) => users.deactivate(userId) },
  reactivateUser: { name: "users.reactivate", make: ({ users }, { userId }) => users.reactivate(userId) },
  deleteUser: {
    name: "users.delete",
    make: ({ users }, { userId }) => users.delete(userId, { deleteMessages: true }),
  },
  registerUserDevice: {
    name: "devices.register",
    make: ({ devices }, { userId }) => devices.register(userId, { provider: "FCM", token: "t/1", platform: "ios" }),
  },
  listUserDevices: { name: "devices.list", make: ({ devices }, { userId }) => devices.list(userId) },
  unregisterUserDevice: {
    name: "devices.unregister",
    make: ({ devices }, { userId }) => devices.unregister(userId, "t/1"),
  },
  createToken: {
    name: "sessions.create",
    make: ({ sessions }, { userId }) => sessions.create({ userId, expiresIn: 600 }),
  },
  revokeSessions: {
    name: "sessions.revoke",
    make: ({ sessions }, { userId }) => sessions.revoke(userId, { issuedBefore: "2026-11-22T09:00:00.000Z" }),
  },
  createRoom: {
    name: "rooms.create",
    make: ({ rooms }, { userId }) => rooms.create({ participants: [{ id: userId }, { id: "bo" }], name: "Two" }),
  },
  listRooms: {
    name: "rooms.list",
    make: ({ rooms }, { userId }) =>
      rooms.list({ participantId: userId, externalId: "e", customTypesFilter: ["a", "b"], limit: 5, cursor: "c" }),
  },
  getRoom: { name: "rooms.get", make: ({ rooms }, { roomId, userId }) => rooms.get(roomId, { viewerId: userId }) },
  updateRoom: {
    name: "rooms.update",
    make: ({ rooms }, { roomId }) => rooms.update(roomId, { name: null, isFrozen: false }),
  },
  deleteRoom: { name: "rooms.delete", make: ({ rooms }, { roomId }) => rooms.delete(roomId) },
  addParticipant: {
    name: "rooms.addParticipant",
    make: ({ rooms }, { roomId, userId }) =>
      rooms.addParticipant(roomId, { userId: "cem", username: "Cem", actorUserId: userId }),
  },
  updateParticipant: {
    name: "rooms.updateParticipant",
    make: ({ rooms }, { roomId }) => rooms.updateParticipant(roomId, "cem", { role: "OPERATOR" }),
  },
  removeParticipant: {
    name: "rooms.removeParticipant",
    make: ({ rooms }, { roomId, userId }) => rooms.removeParticipant(roomId, "cem", { actorUserId: userId }),
  },
  clearHistory: {
    name: "rooms.clearHistory",
    make: ({ rooms }, { roomId, userId }) => rooms.clearHistory(roomId, { userId }),
  },
  deleteRoomForMe: {
    name: "rooms.deleteForUser",
    make: ({ rooms }, { roomId, userId }) => rooms.deleteForUser(roomId, { userId }),
  },
  sendMessage: {
    name: "messages.send",
    make: ({ messages }, { roomId, userId, messageId }) =>
      messages.send(roomId, {
        senderId: userId,
        text: "hello",
        parts,
        clientMessageId: "1",
        parentMessageId: messageId,
      }),
  },
  listMessages: {
    name: "messages.list",
    make: ({ messages }, { roomId, userId, messageId }) =>
      messages.list(roomId, { viewerId: userId, limit: 5, around: messageId }),
  },
  getMessage: {
    name: "messages.get",
    make: ({ messages }, { roomId, messageId, userId }) => messages.get(roomId, messageId, { viewerId: userId }),
  },
  editMessage: {
    name: "messages.edit",
    make: ({ messages }, { roomId, messageId, userId }) => messages.edit(roomId, messageId, { userId, text: "hi" }),
  },
  deleteMessage: {
    name: "messages.delete",
    make: ({ messages }, { roomId, messageId, userId }) => messages.delete(roomId, messageId, { userId }),
  },
  toggleReaction: {
    name: "messages.toggleReaction",
    make: ({ messages }, { roomId, messageId, userId }) =>
      messages.toggleReaction(roomId, messageId, { userId, emoji: "👍" }),
  },
  pinMessage: {
    name: "messages.pin",
    make: ({ messages }, { roomId, messageId, userId }) => messages.pin(roomId, messageId, { userId }),
  },
  unpinMessage: {
    name: "messages.unpin",
    make: ({ messages }, { roomId, messageId, userId }) => messages.unpin(roomId, messageId, { userId }),
  },
  listPinnedMessages: {
    name: "messages.listPinned",
    make: ({ messages }, { roomId, userId }) => messages.listPinned(roomId, { viewerId: userId }),
  },
  forwardMessage: {
    name: "messages.forward",
    make: ({ messages }, { roomId, messageId, userId }) =>
      messages.forward(roomId, messageId, { userId, targetRoomIds: [roomId] }),
  },
  markRoomRead: {
    name: "receipts.markRead",
    make: ({ receipts }, { roomId, userId, messageId }) =>
      receipts.markRead(roomId, { userId, lastReadMessageId: messageId }),
  },
  markRoomDelivered: {
    name: "receipts.markDelivered",
    make: ({ receipts }, { roomId, userId, messageId }) =>
      receipts.markDelivered(roomId, { userId, lastDeliveredMessageId: messageId }),
  },
  getUnread: { name: "receipts.getUnread", make: ({ receipts }, { userId }) => receipts.getUnread({ userId }) },
  listUnread: {
    name: "receipts.listUnread",
    make: ({ receipts }, { userId, roomId }) => receipts.listUnread({ userId, roomIds: [roomId] }),
  },
  presignUpload: {
    name: "uploads.presign",
    make: ({ uploads }, { userId, roomId }) =>
      uploads.presign({ filename: "a.pdf", mediaType: "application/pdf", sizeBytes: 5, userId, roomId }),
  },
  completeUpload: { name: "uploads.complete", make: ({ uploads }, { uploadId }) => uploads.complete(uploadId) },
  abortUpload: { name: "uploads.abort", make: ({ uploads }, { uploadId }) => uploads.abort(uploadId) },
  getUploadAccess: { name: "uploads.getAccess", make: ({ uploads }, { uploadId }) => uploads.getAccess(uploadId) },
  listUploadAccess: {
    name: "uploads.listAccess",
    make: ({ uploads }, { uploadId }) => uploads.listAccess({ uploadIds: [uploadId] }),
  },
  getStorage: { name: "tenant.getStorage", make: ({ tenant }) => tenant.getStorage() },
  getSettings: { name: "tenant.getSettings", make: ({ tenant }) => tenant.getSettings() },
  patchSettings: {
    name: "tenant.updateSettings",
    make: ({ tenant }) => tenant.updateSettings({ chat: { deletedMessageDisplay: "hidden" } }),
  },
  createApp: {
    name: "apps.create",
    make: ({ apps }) => apps.create({ appCode: "driver-app", name: "Driver", pushPayloadType: "DATA" }),
  },
  listApps: { name: "apps.list", make: ({ apps }) => apps.list() },
  getApp: { name: "apps.get", make: ({ apps }) => apps.get("driver-app") },
  updateApp: { name: "apps.update", make: ({ apps }) => apps.update("driver-app", { name: "Drivers" }) },
  deleteApp: { name: "apps.delete", make: ({ apps }) => apps.delete("driver-app") },
  getRateLimits: { name: "tenant.getRateLimits", make: ({ tenant }) => tenant.getRateLimits() },
};
