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
export { textFromMessageParts } from "./messages.ts";
export { limits, PROTOCOL_VERSION } from "./wire.ts";
export type { ChatClient } from "./client.ts";
export type { LocalErrorCode, SendsarErrorCode, SendsarErrorDetails } from "./errors.ts";
export type { NewMessage, NewMessageFields } from "./messages.ts";
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
export type { TypingIndicator } from "./typing.ts";
export type {
  DownEvents,
  ErrorCode,
  JoinedRoom,
  LastMessage,
  LeftRoom,
  Message,
  MessagePage,
  MessagePart,
  Metadata,
  ParentPreview,
  Participant,
  Presence,
  PresenceSnapshot,
  ReadPointer,
  Role,
  RoomDetail,
  RoomKind,
  RoomPage,
  RoomParticipantsChanged,
  RoomRead,
  RoomSummary,
  SocketError,
  TenantPresence,
  TenantPresenceSnapshot,
  Typing,
} from "./wire.ts";
