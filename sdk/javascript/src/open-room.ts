import type { ChatClient } from "./client.ts";
import { type SendsarError, toSendsarError, unableTo } from "./errors.ts";
import { LatestOnly } from "./latest-only.ts";
import { ReadMarker } from "./read-marker.ts";
import type { RoomState, RoomSubscription, RoomSubscriptionOptions } from "./room-state.ts";
import {
  type RoomEvent,
  type RoomView,
  emptyView,
  messagesMax,
  withMessage,
  withNewestPage,
  withOlderPage,
  withRead,
  withRoom,
  withRoomEvent,
  withUpdate,
} from "./room-view.ts";
import { type Deferred, createDeferred } from "./timing.ts";
import type { Message } from "./wire.ts";

/** The open room behind `subscribeToRoom`: does the reading and the listening, and leaves what they mean to `room-view.ts`. */
export class OpenRoom implements RoomSubscription {
  readonly #chat: ChatClient;
  readonly #roomId: string;
  readonly #onChange: (state: RoomState) => void;
  readonly #options: RoomSubscriptionOptions;
  readonly #marker: ReadMarker;
  readonly #roomReader: LatestOnly<undefined>;
  readonly #ready: Deferred<void> = createDeferred();
  #stops: readonly (() => void)[] = [];
  #view: RoomView = emptyView;
  #state: RoomState | undefined;
  #error: SendsarError | undefined;
  #isMember = true;
  #isClosed = false;
  #isTold = true;
  /** The reading that counts: what an earlier one finds is thrown away. */
  #turn = 0;
  #isLoading = false;
  #isLoadingOlder = false;
  #isReadingRoom = false;
  /** Whose view it is. */
  #readBy: string | undefined;
  /** True if events may have come before the latest reading that nobody heard: the connection was not up. */
  #mayHaveMissed = false;
  /** What was heard while pages and the room are being read. */
  #news = new Map<string, Message>();
  #roomEvents: RoomEvent[] = [];

  constructor(
    chat: ChatClient,
    roomId: string,
    onChange: (state: RoomState) => void,
    options: RoomSubscriptionOptions,
  ) {
    this.#chat = chat;
    this.#roomId = roomId;
    this.#onChange = onChange;
    this.#options = options;
    this.#marker = new ReadMarker(chat, roomId, (error) => this.#report(error));
    this.#roomReader = new LatestOnly(() => this.#readRoom());
  }

  get state(): RoomState {
    this.#state ??= Object.freeze({
      ...this.#view,
      roomId: this.#roomId,
      isLoading: this.#isLoading,
      isLoadingOlder: this.#isLoadingOlder,
      error: this.#error,
      isMember: this.#isMember,
    });
    return this.#state;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  open(): void {
    const chat = this.#chat;
    const isHere = ({ roomId }: { readonly roomId: string }): boolean =>
      roomId.toLowerCase() === this.#roomId.toLowerCase();
    this.#stops = [
      chat.on("new-message", (message) => isHere(message) && this.#onMessage(message)),
      chat.on("message-updated", ({ changeSeq: _, ...message }) => {
        if (isHere(message)) this.#hear(withUpdate(this.#view, message), message);
      }),
      chat.on("room-read", (read) => isHere(read) && this.#set(withRead(this.#view, read, chat.userId))),
      chat.on("room-reset", (room) => void (isHere(room) && this.#loadInBackground())),
      chat.on("room-updated", (payload) => isHere(payload) && this.#onRoom({ name: "room-updated", payload })),
      chat.on(
        "participant-updated",
        (payload) => isHere(payload) && this.#onRoom({ name: "participant-updated", payload }),
      ),
      chat.on("room-participants-changed", (payload) => {
        if (isHere(payload)) this.#onRoom({ name: "room-participants-changed", payload });
      }),
      chat.on("connection", ({ state }) => {
        if (state === "connected") this.#onUp();
        // Nothing that comes before the next connect() is told to this client.
        if (state === "disconnected") this.#mayHaveMissed = true;
      }),
    ];
    this.#startMarking();
    this.#load().then(this.#ready.resolve, this.#ready.reject);
  }

  async loadOlder(): Promise<void> {
    const { messages, hasOlder } = this.#view;
    const before = messages[0]?.id;
    if (!hasOlder || before === undefined || messages.length >= messagesMax) return;
    if (this.#isLoading || this.#isLoadingOlder || this.#isClosed || !this.#isMember) return;
    const turn = this.#turn;
    this.#news.clear();
    this.#isLoadingOlder = true;
    this.#changed();
    try {
      const page = await this.#chat.getMessages(this.#roomId, { before, limit: this.#options.pageSize });
      if (turn === this.#turn) this.#set(withOlderPage(this.#view, page, this.#news));
    } finally {
      if (turn === this.#turn) {
        this.#isLoadingOlder = false;
        this.#changed();
      }
    }
  }

  reload(): Promise<void> {
    return this.#load();
  }

  close(): void {
    this.#isClosed = true;
    this.#turn += 1;
    this.#marker.stop();
    this.#chat.typing(this.#roomId).stop();
    for (const stop of this.#stops) stop();
    this.#ready.reject(unableTo("open room", "it was closed first", { code: "aborted" }));
  }

  /** Reads the newest page and the room. Rejects when that fails, unless another reading took its place. */
  async #load(): Promise<void> {
    if (this.#isClosed || !this.#isMember) return;
    const turn = (this.#turn += 1);
    this.#news = new Map();
    this.#roomEvents = [];
    this.#isLoading = true;
    this.#isLoadingOlder = false;
    this.#mayHaveMissed = this.#chat.state !== "connected";
    if (this.#readBy !== this.#chat.userId) this.#view = emptyView;
    this.#readBy = this.#chat.userId;
    this.#changed();
    try {
      const [page, room] = await Promise.all([
        this.#chat.getMessages(this.#roomId, { limit: this.#options.pageSize }),
        this.#chat.getRoom(this.#roomId),
      ]);
      if (turn !== this.#turn) return;
      this.#error = undefined;
      this.#isLoading = false;
      this.#set(withRoom(withNewestPage(this.#view, page, this.#news), room, this.#roomEvents));
      this.#markNewest();
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#error = toSendsarError("read room", error);
      this.#isLoading = false;
      this.#changed();
      throw this.#error;
    }
  }

  /** What goes wrong stands in the state. */
  #loadInBackground(): void {
    this.#load().then(this.#ready.resolve, () => {});
  }

  #startMarking(): void {
    if (this.#options.marksRead !== false) this.#marker.start();
  }

  #markNewest(): void {
    const newest = this.#view.messages.at(-1);
    const isSeen = newest === undefined || newest.id === this.#view.room?.lastReadMessageId;
    if (!isSeen && newest.senderId !== this.#chat.userId) this.#marker.mark(newest.id);
  }

  #onMessage(message: Message): void {
    this.#hear(withMessage(this.#view, message), message);
    if (message.senderId !== this.#chat.userId) this.#marker.mark(message.id);
  }

  #onRoom(event: RoomEvent): void {
    if (this.#isLoading || this.#isReadingRoom) this.#roomEvents.push(event);
    this.#set(withRoomEvent(this.#view, event));
    if (event.name !== "room-participants-changed") return;
    const { action, targetUserId } = event.payload;
    if (targetUserId === this.#chat.userId) this.#onOwnMembership(action === "joined");
    else if (action === "joined") this.#roomReader.offer(undefined);
  }

  #onOwnMembership(isMember: boolean): void {
    const wasMember = this.#isMember;
    this.#isMember = isMember;
    if (isMember && wasMember) return;
    if (isMember) {
      this.#startMarking();
      return this.#loadInBackground();
    }
    this.#turn += 1;
    this.#isLoading = false;
    this.#isLoadingOlder = false;
    this.#marker.stop();
    this.#changed();
  }

  #onUp(): void {
    if (this.#mayHaveMissed || this.#error !== undefined) this.#loadInBackground();
    this.#marker.tell();
  }

  /** Somebody joined: only the room itself tells their name. */
  async #readRoom(): Promise<void> {
    const turn = this.#turn;
    if (!this.#isLoading) this.#roomEvents = [];
    this.#isReadingRoom = true;
    try {
      const room = await this.#chat.getRoom(this.#roomId);
      if (turn === this.#turn) this.#set(withRoom(this.#view, room, this.#roomEvents));
    } catch (error) {
      if (turn === this.#turn) this.#report(toSendsarError("read room", error));
    } finally {
      this.#isReadingRoom = false;
    }
  }

  #hear(view: RoomView, message: Message): void {
    if (this.#isLoading || this.#isLoadingOlder) this.#news.set(message.id, message);
    this.#set(view);
  }

  #set(view: RoomView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#changed();
  }

  #changed(): void {
    this.#state = undefined;
    if (!this.#isTold) return;
    this.#isTold = false;
    queueMicrotask(() => {
      this.#isTold = true;
      if (this.#isClosed) return;
      try {
        this.#onChange(this.state);
      } catch (error) {
        this.#chat.deps.reportError(error);
      }
    });
  }

  #report(error: SendsarError): void {
    if (this.#isClosed || !this.#isMember || error.code === "aborted" || error.code === "not_connected") return;
    if (this.#options.onError !== undefined) this.#options.onError(error);
    else this.#chat.deps.reportError(error);
  }
}
