import { ChatClient } from "./client.ts";
import { type Deps, realDeps } from "./deps.ts";
import { SendsarError } from "./errors.ts";
import type { InitOptions } from "./options.ts";

/** The entry to the SDK. */
export const Sendsar = { init, SendsarError } as const;

/**
 * Creates a client. Nothing is sent before `connect()`. Throws `invalid_options` for a URL that is none.
 *
 * @param options where the gateway is: `{ apiUrl }`, or `{ getSession }` to have sessions fetched and renewed
 * @param deps replacements of the clock, the network and the like, for tests
 *
 * @example
 * import { Sendsar } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * chat.on("new-message", (message) => console.log(message.previewText));
 * await chat.connect({ userId: "ann", token });
 * await chat.sendMessage(roomId, "hello");
 * await chat.disconnect();
 */
function init(options: InitOptions, deps: Partial<Deps> = {}): ChatClient {
  return new ChatClient({ ...realDeps, ...deps }, options);
}

export { SendsarError } from "./errors.ts";
export { callLogOf, formatCall, formatCallPreview } from "./call-log.ts";
export { deletedTextOf, isDeleted, isHidden } from "./deleted-messages.ts";
export { confirmDelivery } from "./delivery-receipts.ts";
export { listDevices, registerDevice, unregisterDevice } from "./devices.ts";
export { openFileLinks } from "./file-links.ts";
export { formatMembership, membershipOf } from "./membership.ts";
export { textFromMessageParts } from "./messages.ts";
export { iterateMessages, iterateRooms } from "./paging.ts";
export { previewTextOf } from "./preview.ts";
export { getRateLimits } from "./rate-limits.ts";
export { groupReactions } from "./reactions.ts";
export { tickOf } from "./read-ticks.ts";
export { compareRooms } from "./room-order.ts";
export { trackRoomPresence } from "./room-presence.ts";
export { subscribeToRoom } from "./room-subscription.ts";
export { sessionRoute } from "./session-route.ts";
export { getStorage } from "./storage-usage.ts";
export { trackTyping } from "./typists.ts";
export { uploadFile } from "./uploads.ts";
export { limits, PROTOCOL_VERSION } from "./wire.ts";
export type { CallLog } from "./call-log.ts";
export type { ChatClient } from "./client.ts";
export type { ChatSettings } from "./deleted-messages.ts";
export type { FieldError, LocalErrorCode, SendsarErrorCode, SendsarErrorDetails } from "./errors.ts";
export type { FileLinks } from "./file-links.ts";
export type { MembershipChange, NameOf } from "./membership.ts";
export type { FileReference, MessageContent, NewMessage, NewMessageFields } from "./messages.ts";
export type { ChatOutbox, OutboxChange, OutboxEntry, OutboxStorage } from "./outbox-entry.ts";
export type {
  ClientEvents,
  ConnectionChange,
  ConnectionState,
  ConnectOptions,
  GetSession,
  InitOptions,
  ListMessagesOptions,
  ListRoomsOptions,
  PresenceChange,
  RoomReset,
  Session,
  SessionOptions,
  StorageOptions,
  UrlOptions,
} from "./options.ts";
export type { ChatPresence } from "./presence.ts";
export type { UploadProgress } from "./put-file.ts";
export type { ReactionGroup } from "./reactions.ts";
export type { PeerPointers, Tick } from "./read-ticks.ts";
export type { RestRequest } from "./rest-request.ts";
export type { OrderedRoom } from "./room-order.ts";
export type { RoomPresence } from "./room-presence.ts";
export type { RoomState, RoomSubscription, RoomSubscriptionOptions } from "./room-state.ts";
export type { RoomView } from "./room-view.ts";
export type { TypingIndicator } from "./typing.ts";
export type { TypingTracker } from "./typists.ts";
export type { UploadedFile, UploadOptions } from "./uploads.ts";
export type {
  ClearedHistory,
  DeletedConversation,
  DeliveryPointer,
  Device,
  DeviceBody,
  DownEvents,
  ErrorCode,
  JoinedRoom,
  LastMessage,
  LeftRoom,
  Message,
  MessagePage,
  MessagePart,
  MessageUpdated,
  Metadata,
  ParentPreview,
  Participant,
  ParticipantUpdated,
  Presence,
  PresenceSnapshot,
  PushProvider,
  RateLimit,
  ReadPointer,
  Role,
  RoomDetail,
  RoomKind,
  RoomPage,
  RoomParticipantsChanged,
  RoomRead,
  RoomSummary,
  RoomUpdated,
  SocketError,
  StorageUsage,
  TenantPresence,
  TenantPresenceSnapshot,
  Typing,
  UnreadRoom,
  UnreadTotal,
} from "./wire.ts";
