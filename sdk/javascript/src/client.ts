/// <reference lib="esnext.disposable" preserve="true" />
import { ChatCalls } from "./chat-calls.ts";
import type { Deps } from "./deps.ts";
import { Emitter, type Handler } from "./emitter.ts";
import { type SendsarError, unableTo } from "./errors.ts";
import { Login, type Place } from "./login.ts";
import { type NewMessage, createUuid, toNewEntry } from "./messages.ts";
import type {
  ClientEvents,
  ConnectionState,
  ConnectOptions,
  InitOptions,
  ListMessagesOptions,
  ListRoomsOptions,
} from "./options.ts";
import type { ChatOutbox } from "./outbox-entry.ts";
import { findPageStorage } from "./outbox-store.ts";
import { Outbox } from "./outbox.ts";
import { roomPath } from "./paths.ts";
import { type ChatPresence, TenantPresence } from "./presence.ts";
import type { RestRequest } from "./rest-request.ts";
import { type CredentialSource, GivenToken, RenewedSession, toApiUrl } from "./session.ts";
import type { TypingIndicator } from "./typing.ts";
import type { Message, MessagePage, RoomDetail, RoomPage, RoomSummary } from "./wire.ts";

/**
 * A chat client for one user at a time, made by `Sendsar.init`. It connects, reconnects and renews its session by itself,
 * stores each message that is sent once, and hands each message of a room to the app once and in the room's order, over
 * drops too. Everything that fails rejects with a `SendsarError`.
 */
export class ChatClient extends ChatCalls {
  /** @internal For the functions that take a client. */
  readonly deps: Deps;
  readonly #options: InitOptions;
  readonly #apiUrl: string | undefined;
  readonly #events: Emitter<ClientEvents>;
  readonly #presence = new TenantPresence();
  readonly #outbox: Outbox;
  #login: Login | undefined;

  /** @internal Use `Sendsar.init`. */
  constructor(deps: Deps, options: InitOptions) {
    super();
    this.deps = deps;
    this.#options = options;
    this.#apiUrl = options.apiUrl === undefined ? undefined : toApiUrl(options.apiUrl);
    this.#events = new Emitter(deps.reportError);
    const storage = options.storage === undefined ? findPageStorage() : (options.storage ?? undefined);
    this.#outbox = new Outbox(deps, storage, (change) => this.#events.emit("outbox", change));
    if (this.#apiUrl === undefined && options.getSession === undefined) {
      throw unableTo("init", "neither apiUrl nor getSession is given", { code: "invalid_options" });
    }
  }

  /** The user of the last `connect()`; undefined before it and after `disconnect()`. */
  get userId(): string | undefined {
    return this.#login?.userId;
  }

  /** Whether events arrive now. The event `connection` tells every change. */
  get state(): ConnectionState {
    return this.#login?.connection.state ?? "disconnected";
  }

  /** Who is online in the tenant. The event `presence-change` tells every change. */
  get presence(): ChatPresence {
    return this.#presence;
  }

  /**
   * The messages that are not on the server yet. The event `outbox` tells every change.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * chat.on("outbox", ({ entries }) => console.log(`${entries.length} on their way`));
   * await chat.connect({ userId: "ann", token });
   * await chat.sendMessage(roomId, "hello");
   * for (const { clientMessageId, state } of chat.outbox.entries) {
   *   if (state === "failed") await chat.outbox.retry(clientMessageId);
   * }
   * await chat.disconnect();
   */
  get outbox(): ChatOutbox {
    return this.#outbox;
  }

  /**
   * Goes online and stays so until `disconnect()`: drops are healed, sessions renewed. Resolves when connected. Rejects with
   * the server's message when it refuses the user, and with code `timeout` after 30 seconds without success.
   *
   * Safe to repeat for the same user; a new token is then used from the next request on, and what was missed since the last
   * connection ended is handed over. Another user's `connect` ends this one's connection first. REST calls work from the moment this is called.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * await chat.connect({ userId: "ann", token });
   * console.log(chat.state); // "connected"
   * await chat.disconnect();
   */
  async connect(options?: ConnectOptions): Promise<void> {
    const source = this.#createSource(options);
    const current = this.#login;
    if (current !== undefined && current.connection.state !== "disconnected" && isSameUser(current, options)) {
      if (current.source instanceof GivenToken && options !== undefined) current.source.replace(options.token);
      current.connection.retryNow();
      return current.connection.whenUp();
    }
    const surroundings = { events: this.#events, presence: this.#presence, outbox: this.#outbox };
    const next = new Login(this.deps, source, options?.userId, surroundings, current);
    this.#login = next;
    current?.end("another connect() took its place");
    next.connection.start();
    return next.connection.whenUp();
  }

  /**
   * Goes offline, forgets the user and rejects what is not answered yet, unsent messages too. Event handlers stay. Safe to
   * repeat. For the end of a login: a page that merely goes away calls nothing, and finds its outbox again.
   */
  disconnect(): Promise<void> {
    const login = this.#login;
    this.#login = undefined;
    if (login !== undefined) this.#outbox.end("disconnect() was called");
    login?.end("disconnect() was called");
    return Promise.resolve();
  }

  /** The same as `disconnect()`, for `await using`. Out of reach in a browser that does not know the symbol. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /**
   * Calls the handler for every event of that name. Returns a function that ends it.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * const stop = chat.on("new-message", (message) => console.log(message.senderId, message.previewText));
   * chat.on("connection", ({ state, reason }) => console.log(state, reason ?? ""));
   * await chat.connect({ userId: "ann", token });
   * stop();
   * await chat.disconnect();
   */
  on<Name extends keyof ClientEvents>(event: Name, handler: Handler<ClientEvents[Name]>): () => void {
    return this.#events.on(event, handler);
  }

  /** Ends what `on` began with the same two arguments. */
  off<Name extends keyof ClientEvents>(event: Name, handler: Handler<ClientEvents[Name]>): void {
    this.#events.off(event, handler);
  }

  /**
   * Tells the others in a room that the user has it open, and subscribes to who else has: `presence-snapshot` and
   * `presence`. Remembered, and said again after every reconnect. Messages arrive from all rooms, with or without it.
   * Resolves when the server confirms. Rejects with its reason when it refuses (which also arrives as the event `error`, so
   * the promise need not be awaited), and with `timeout` after 10 seconds.
   */
  joinRoom(roomId: string): Promise<void> {
    const login = this.#login;
    // Not an async function: that would wrap the promise, and whoever ignores it would see an unhandled rejection.
    if (login === undefined || login.connection.state === "disconnected")
      return Promise.reject(notConnected("join room"));
    return login.rooms.join(roomId);
  }

  /** Takes `joinRoom` back. Does nothing for a room that was not joined. */
  leaveRoom(roomId: string): void {
    this.#login?.typist.stop(roomId);
    this.#login?.rooms.leave(roomId);
  }

  /**
   * Sends a message and resolves with it once it is on the server's disk. It goes through the `outbox`: while the network
   * or the server is away it waits and is tried again, for up to a day, and over a reload of the page where there is a
   * storage. The same `clientMessageId` on every try stores it once. Messages to one room arrive in the order of the calls.
   * Rejects when the server refuses it, after `disconnect()`, and with `too_many_pending` when too many wait.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * await chat.connect({ userId: "ann", token });
   * const question = await chat.sendMessage(roomId, "Is it still hot?");
   * await chat.sendMessage(roomId, {
   *   text: "Here is where it was",
   *   parts: [{ type: "data-place", data: { latitude: 52.52, longitude: 13.4 } }],
   *   parentMessageId: question.id,
   * });
   * await chat.disconnect();
   */
  async sendMessage(roomId: string, message: NewMessage): Promise<Message> {
    const login = this.#requireLogin("send message");
    const entry = toNewEntry(message, () => createUuid(this.deps.randomBytes));
    login.typist.stop(roomId);
    return this.#outbox.add(roomId, entry);
  }

  /**
   * A page of a room's messages, newest first; `nextCursor` leads to older ones and is null at the end, `previousCursor`
   * leads to newer ones from a page that is not the newest. At most one of `cursor`, `before`, `after` and `around` is given.
   */
  async getMessages(roomId: string, options: ListMessagesOptions = {}): Promise<MessagePage> {
    const { limit, cursor, before, after, around } = options;
    const query = { limit, cursor, before, after, around };
    const isNewest = (cursor ?? before ?? after ?? around) === undefined;
    const request = { method: "GET", path: `${roomPath(roomId)}/messages`, query } as const;
    // The server writes ids in lower case, whatever the app was given.
    const places = ({ lastSeq }: MessagePage): Place[] => [{ roomId: roomId.toLowerCase(), seq: lastSeq }];
    return this.#requireLogin("list messages").read<MessagePage>(request, (page) => (isNewest ? places(page) : []));
  }

  /** A page of the user's rooms, latest activity first. */
  async listRooms(options: ListRoomsOptions = {}): Promise<RoomPage> {
    const { limit, cursor, externalId, customTypesFilter } = options;
    const query = { limit, cursor, externalId, customTypesFilter: customTypesFilter?.join(",") };
    const request = { method: "GET", path: "/chat/rooms", query } as const;
    return this.#requireLogin("list rooms").read<RoomPage>(request, ({ rooms }) => rooms.map(toPlace).reverse());
  }

  /** One room with its participants. */
  async getRoom(roomId: string): Promise<RoomDetail> {
    const request = { method: "GET", path: roomPath(roomId) } as const;
    return this.#requireLogin("get room").read<RoomDetail>(request, (room) => [toPlace(room)]);
  }

  /**
   * Calls the REST API below `/v1` as the user, for what this client has no method for. Ids in the path are to be encoded.
   * What fails for a reason that passes is tried again, for ten seconds at most and not before `Retry-After`; a POST is made
   * safe for that by an `Idempotency-Key`.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * await chat.connect({ userId: "ann", token });
   * const path = `/chat/rooms/${encodeURIComponent(roomId)}/pinned-messages`;
   * const { messages } = await chat.call<{ messages: object[] }>({ method: "GET", path });
   * console.log(messages.length);
   * await chat.disconnect();
   */
  async call<T>(request: RestRequest): Promise<T> {
    return this.#requireLogin(`call ${request.path}`).call(request);
  }

  /** @internal Aborted when the login ends. */
  get signal(): AbortSignal {
    return this.#requireLogin("go on").signal;
  }

  /** Tells the others in a room that the user types, or stopped. Does nothing while not connected. */
  setTyping(roomId: string, isTyping: boolean): void {
    this.#login?.setTyping(roomId, isTyping);
  }

  /** The typing indicator of a room's input: call `keystroke()` on every key, and the rest follows. */
  typing(roomId: string): TypingIndicator {
    return {
      keystroke: () => this.#login?.typist.keystroke(roomId),
      stop: () => this.#login?.typist.stop(roomId),
    };
  }

  #createSource(options: ConnectOptions | undefined): CredentialSource {
    const { getSession } = this.#options;
    if (getSession !== undefined) {
      if (options === undefined) return new RenewedSession(this.deps, getSession, this.#apiUrl);
      throw unableTo("connect", "the user comes from getSession", { code: "invalid_options" });
    }
    if (this.#apiUrl === undefined || !options?.userId || !options.token) {
      throw unableTo("connect", "userId and token are needed", { code: "invalid_options" });
    }
    return new GivenToken(this.#apiUrl, options.userId, options.token);
  }

  #requireLogin(operation: string): Login {
    if (this.#login === undefined) throw notConnected(operation);
    return this.#login;
  }
}

const notConnected = (operation: string): SendsarError =>
  unableTo(operation, "call connect() first", { code: "not_connected" });

/** A client with `getSession` has one user; the session itself is checked when it is renewed. */
const isSameUser = (current: Login, options: ConnectOptions | undefined): boolean =>
  options === undefined || options.userId === current.userId;

const toPlace = ({ id, lastSeq }: RoomSummary): Place => ({ roomId: id, seq: lastSeq });
