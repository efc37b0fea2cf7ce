import type { Auth } from "@sendsar/protocol/endpoint";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";

/** What the requests are about. */
export interface RequestSubject {
  readonly roomId: string;
  readonly messageId: string;
  readonly userId: string;
  /** One that nobody has made when absent. */
  readonly uploadId?: string;
  /** The same. */
  readonly appCode?: string;
  /** The same; of a device. */
  readonly token?: string;
  /** The user that is added, removed, changed or deleted; `<userId>-added` when absent. */
  readonly otherUserId?: string;
}

/** A request that would succeed, were it made by somebody who may. */
export interface EndpointRequest {
  readonly id: EndpointId;
  readonly auth: Auth;
  readonly method: string;
  /** Below `/v1`. */
  readonly path: string;
  readonly body: unknown;
}

/**
 * One request per endpoint of the contract, so that a threat is tried on every one of them. An endpoint without a body
 * here does not compile, and one with an unknown path parameter throws.
 */
export const everyRequest = (subject: RequestSubject): EndpointRequest[] =>
  (Object.keys(endpoints) as EndpointId[]).map((id) => {
    const { auth, method, path } = endpoints[id];
    return { id, auth, method, path: fillPath(path, subject) + queryOf(id, subject), body: bodies[id](subject) };
  });

const otherOf = ({ userId, otherUserId = `${userId}-added` }: RequestSubject): string => otherUserId;

const bodies: { readonly [K in EndpointId]: (subject: RequestSubject) => unknown } = {
  upsertUser: ({ userId }) => ({ id: userId, username: "Changed" }),
  createToken: ({ userId }) => ({ userId }),
  createRoom: ({ userId }) => ({ name: "New", participants: [{ id: userId }] }),
  listRooms: () => undefined,
  getRoom: () => undefined,
  addParticipant: (subject) => ({ userId: otherOf(subject) }),
  removeParticipant: () => undefined,
  markRoomRead: ({ userId, messageId }) => ({ userId, lastReadMessageId: messageId }),
  sendMessage: ({ userId }) => ({ senderId: userId, parts: [{ type: "text", text: "not to be stored" }] }),
  listMessages: () => undefined,
  getSettings: () => undefined,
  patchSettings: () => ({ chat: { deletedMessageDisplay: "hidden" } }),
  listUsers: () => undefined,
  getUser: () => undefined,
  updateUser: () => ({ username: "Changed" }),
  deactivateUser: () => undefined,
  reactivateUser: () => undefined,
  deleteUser: () => undefined,
  registerDevice: () => ({ provider: "FCM", token: "token-of-a-device" }),
  listDevices: () => undefined,
  unregisterDevice: () => undefined,
  registerUserDevice: () => ({ provider: "FCM", token: "token-of-a-device" }),
  listUserDevices: () => undefined,
  unregisterUserDevice: () => undefined,
  revokeSessions: (subject) => ({ userId: otherOf(subject) }),
  updateRoom: () => ({ name: "Changed" }),
  deleteRoom: () => undefined,
  updateParticipant: () => ({ role: "OPERATOR" }),
  clearHistory: ({ userId }) => ({ userId }),
  deleteRoomForMe: () => undefined,
  getMessage: () => undefined,
  editMessage: ({ userId }) => ({ userId, parts: [{ type: "text", text: "not to be stored" }] }),
  deleteMessage: () => undefined,
  toggleReaction: ({ userId }) => ({ userId, emoji: "👍" }),
  pinMessage: ({ userId }) => ({ userId }),
  unpinMessage: () => undefined,
  listPinnedMessages: () => undefined,
  forwardMessage: ({ userId, roomId }) => ({ userId, targetRoomIds: [roomId] }),
  markRoomDelivered: ({ userId, messageId }) => ({ userId, lastDeliveredMessageId: messageId }),
  getUnread: () => undefined,
  listUnread: ({ userId, roomId }) => ({ userId, roomIds: [roomId] }),
  presignUpload: () => ({ filename: "menu.pdf", mediaType: "application/pdf", sizeBytes: 1 }),
  completeUpload: () => undefined,
  abortUpload: () => undefined,
  getUploadAccess: () => undefined,
  listUploadAccess: ({ uploadId = unknown.uploadId }) => ({ uploadIds: [uploadId] }),
  getStorage: () => undefined,
  createApp: ({ roomId }) => ({ appCode: `app-of-${roomId}` }),
  listApps: () => undefined,
  getApp: () => undefined,
  updateApp: () => ({ name: "Changed" }),
  deleteApp: () => undefined,
  getRateLimits: () => undefined,
};

/** Calls without a body that name who acts. */
const actorInQuery: readonly EndpointId[] = ["deleteMessage", "unpinMessage", "deleteRoomForMe", "getUnread"];

const queryOf = (id: EndpointId, { userId }: RequestSubject): string =>
  actorInQuery.includes(id) ? `?userId=${encodeURIComponent(userId)}` : "";

/** Ids of what nobody has made. */
const unknown = {
  token: "token-of-no-device",
  uploadId: "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11",
  appCode: "no-such-app",
};

/** The one who is removed is the one who was added before, so that the others can go on. */
const fillPath = (path: string, subject: RequestSubject): string =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = { ...unknown, ...subject, userId: otherOf(subject) }[name];
    if (value === undefined) throw new Error(`unable to fill the path ${path}; nothing is known of :${name}`);
    return encodeURIComponent(value);
  });
