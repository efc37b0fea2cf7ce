import type { OutboxChange, OutboxStorage } from "./outbox-entry.ts";
import type { DownEvents } from "./wire.ts";

/** How `Sendsar.init` is told where the gateway is: by its URL, or by sessions that name it. */
export type InitOptions = (UrlOptions | SessionOptions) & StorageOptions;

/** What every client can be told beside that. */
export interface StorageOptions {
  /**
   * Where unsent messages are kept over a reload: `localStorage` when left out, where there is one; `null` for nowhere.
   * Whatever runs on the page can read it.
   */
  readonly storage?: OutboxStorage | null | undefined;
}

/** For apps that bring a token to `connect({ userId, token })`. */
export interface UrlOptions {
  /** REST base of the gateway, ending in `/v1`. */
  readonly apiUrl: string;
  readonly getSession?: undefined;
}

/** For apps whose backend has a session route: `connect()` takes the user from it and stays online past its end. */
export interface SessionOptions {
  /** Fetches a session. Called by `connect()`, before a token ends, and when one is refused; never twice at a time. */
  readonly getSession: GetSession;
  /** Used instead of the session's own `apiUrl`. */
  readonly apiUrl?: string | undefined;
}

/** What your backend's session route answers: who the user is and how to reach the gateway. */
export interface Session {
  /** The session token that your backend minted with `POST /v1/auth/token`. */
  readonly token: string;
  /** When the token ends, ISO-8601. It is renewed before that. */
  readonly expiresAt: string;
  /** REST base of the gateway, ending in `/v1`. */
  readonly apiUrl: string;
  /** The user that the token belongs to. */
  readonly chatUserId: string;
  /** Name of the user, for your own interface. */
  readonly displayName?: string;
  /** True if somebody of your staff acts as the user. */
  readonly impersonating?: boolean;
  /** How deleted messages are shown, from the tenant's settings. */
  readonly chatSettings?: {
    readonly deletedMessageDisplay: string;
    readonly deletedMessagePlaceholder: string;
  };
}

/** Fetches a session from your backend. An error with `status` 401 or 403 means that the user may not chat any more. */
export type GetSession = () => Promise<Session>;

/** Who connects. */
export interface ConnectOptions {
  /** Your own id of the user. */
  readonly userId: string;
  /** A session token of that user, minted by your backend. */
  readonly token: string;
}

/** Which page of a room's messages: the newest one, or one of `cursor`, `before`, `after` and `around`. */
export interface ListMessagesOptions {
  /** Messages in the page: 50 when left out, 100 at most. */
  readonly limit?: number | undefined;
  /** `nextCursor` or `previousCursor` of another page. */
  readonly cursor?: string | undefined;
  /** Those that are older than the message with this id. */
  readonly before?: string | undefined;
  /** The oldest of those that are newer than the message with this id. */
  readonly after?: string | undefined;
  /** The message with this id, and those on both sides of it. */
  readonly around?: string | undefined;
}

/** Which rooms, and which page of them. */
export interface ListRoomsOptions {
  /** Rooms in the page: 30 when left out, 100 at most. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Only rooms with one of these custom types; 20 at most. */
  readonly customTypesFilter?: readonly string[] | undefined;
  /** Only the room with this id of yours. */
  readonly externalId?: string | undefined;
}

/** Whether events arrive: `reconnecting` heals by itself, `disconnected` needs another `connect()`. */
export type ConnectionState = "connecting" | "connected" | "reconnecting" | "disconnected";

/** Payload of the event `connection`. */
export interface ConnectionChange {
  readonly state: ConnectionState;
  /** Why the connection was lost or refused, fit to be shown to a person. */
  readonly reason?: string;
}

/** Payload of the event `presence-change`. */
export interface PresenceChange {
  readonly onlineUserIds: readonly string[];
}

/** Payload of the event `room-reset`. */
export interface RoomReset {
  readonly roomId: string;
}

/** Every event of a client, by name: those of the server and four of the SDK. */
export interface ClientEvents extends Omit<DownEvents, "resumed"> {
  /** The connection came up or went down. */
  readonly connection: ConnectionChange;
  /** Somebody in the tenant came online or went offline. */
  readonly "presence-change": PresenceChange;
  /**
   * Events of the room were missed that will not be told: too many, or the room is not the user's any more. What the app
   * has of it is stale, and is to be read again before it is shown. Events that come after this one follow as always.
   */
  readonly "room-reset": RoomReset;
  /** A message came into the outbox, left it, or failed. */
  readonly outbox: OutboxChange;
}
