import type * as z from "zod";
import type { Endpoint } from "./endpoint.ts";
import * as apps from "./endpoints/apps.ts";
import * as auth from "./endpoints/auth.ts";
import * as devices from "./endpoints/devices.ts";
import * as messages from "./endpoints/messages.ts";
import * as rateLimits from "./endpoints/rate-limits.ts";
import * as receipts from "./endpoints/receipts.ts";
import * as rooms from "./endpoints/rooms.ts";
import * as settings from "./endpoints/settings.ts";
import * as uploads from "./endpoints/uploads.ts";
import * as users from "./endpoints/users.ts";

/** Every REST endpoint by its operation id. */
export const endpoints = {
  upsertUser: users.upsertUser,
  listUsers: users.listUsers,
  getUser: users.getUser,
  updateUser: users.updateUser,
  deactivateUser: users.deactivateUser,
  reactivateUser: users.reactivateUser,
  deleteUser: users.deleteUser,
  registerDevice: devices.registerDevice,
  listDevices: devices.listDevices,
  unregisterDevice: devices.unregisterDevice,
  registerUserDevice: devices.registerUserDevice,
  listUserDevices: devices.listUserDevices,
  unregisterUserDevice: devices.unregisterUserDevice,
  createToken: auth.createToken,
  revokeSessions: auth.revokeSessions,
  createRoom: rooms.createRoom,
  listRooms: rooms.listRooms,
  getRoom: rooms.getRoom,
  updateRoom: rooms.updateRoom,
  deleteRoom: rooms.deleteRoom,
  addParticipant: rooms.addParticipant,
  updateParticipant: rooms.updateParticipant,
  removeParticipant: rooms.removeParticipant,
  clearHistory: rooms.clearHistory,
  deleteRoomForMe: rooms.deleteRoomForMe,
  sendMessage: messages.sendMessage,
  listMessages: messages.listMessages,
  getMessage: messages.getMessage,
  editMessage: messages.editMessage,
  deleteMessage: messages.deleteMessage,
  toggleReaction: messages.toggleReaction,
  pinMessage: messages.pinMessage,
  unpinMessage: messages.unpinMessage,
  listPinnedMessages: messages.listPinnedMessages,
  forwardMessage: messages.forwardMessage,
  markRoomRead: receipts.markRoomRead,
  markRoomDelivered: receipts.markRoomDelivered,
  getUnread: receipts.getUnread,
  listUnread: receipts.listUnread,
  presignUpload: uploads.presignUpload,
  completeUpload: uploads.completeUpload,
  abortUpload: uploads.abortUpload,
  getUploadAccess: uploads.getUploadAccess,
  listUploadAccess: uploads.listUploadAccess,
  getStorage: uploads.getStorage,
  getSettings: settings.getSettings,
  patchSettings: settings.patchSettings,
  createApp: apps.createApp,
  listApps: apps.listApps,
  getApp: apps.getApp,
  updateApp: apps.updateApp,
  deleteApp: apps.deleteApp,
  getRateLimits: rateLimits.getRateLimits,
} as const satisfies Record<string, Endpoint>;

export type Endpoints = typeof endpoints;
export type EndpointId = keyof Endpoints;

type Parsed<E, K extends string> = E extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;

/** What a handler of an endpoint is given, after validation. */
export interface EndpointInput<E> {
  readonly params: Parsed<E, "params">;
  readonly query: Parsed<E, "query">;
  readonly body: Parsed<E, "body">;
}

/** What a handler of an endpoint must answer. */
export type EndpointOutput<E> = E extends { readonly response: infer S extends z.ZodType } ? z.input<S> : never;

/** Success statuses of an endpoint. */
export type EndpointStatus<E> = E extends { readonly statuses: readonly (infer S)[] } ? S : never;
