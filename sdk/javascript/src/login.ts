import { Connection } from "./connection.ts";
import type { Deps } from "./deps.ts";
import type { Emitter } from "./emitter.ts";
import { SendsarError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import { createUuid } from "./messages.ts";
import type { ClientEvents } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { roomPath } from "./paths.ts";
import type { TenantPresence } from "./presence.ts";
import type { RestRequest } from "./rest-request.ts";
import { callRest } from "./rest.ts";
import { isPutOff, isTransient, readPolicy, withRetry } from "./retry.ts";
import { OpenRooms } from "./rooms.ts";
import type { Sequenced } from "./sequenced.ts";
import type { CredentialSource } from "./session.ts";
import { abortWith, abortedError } from "./timing.ts";
import { Typist } from "./typing.ts";
import { type DownEvents, type Message, downEventNames } from "./wire.ts";

/** What of a client outlives a login. */
export interface Surroundings {
  readonly events: Emitter<ClientEvents>;
  readonly presence: TenantPresence;
  readonly outbox: Outbox;
}

/** Where a room stands: the number of its latest event. */
export interface Place {
  readonly roomId: string;
  readonly seq: number;
}

/** Everything that lives from `connect` to `disconnect`: one user's connection, open rooms, typing and calls. */
export class Login {
  readonly source: CredentialSource;
  readonly connection: Connection;
  readonly inbox: Inbox;
  readonly rooms: OpenRooms;
  readonly typist: Typist;
  readonly #deps: Deps;
  readonly #ending = new AbortController();
  readonly #surroundings: Surroundings;
  readonly #stopListening: () => void;
  #userId: string | undefined;
  /** The login whose place this one takes, until it is known whether it was of the same user. */
  #previous: Login | undefined;

  constructor(
    deps: Deps,
    source: CredentialSource,
    userId: string | undefined,
    surroundings: Surroundings,
    previous: Login | undefined,
  ) {
    this.#deps = deps;
    this.source = source;
    this.#userId = userId;
    this.#surroundings = surroundings;
    this.#previous = previous;
    this.rooms = new OpenRooms(deps, (name, payload) => this.connection.emit(name, payload));
    this.typist = new Typist(deps, (roomId, isTyping) => this.setTyping(roomId, isTyping));
    this.inbox = new Inbox(deps, {
      emit: (name, payload) => void this.connection.emit(name, payload),
      cut: (reason) => this.connection.cut(reason),
      deliver: (event) => this.#deliver(event),
      reset: (roomId) => this.#emit("room-reset", { roomId }),
    });
    this.connection = this.#createConnection();
    const stopOnline = deps.onOnline(() => {
      this.connection.retryNow();
      surroundings.outbox.hurry();
    });
    // A page that is frozen runs no timer that would say it later.
    const stopPageHide = deps.onPageHide(() => this.typist.stopAll());
    this.#stopListening = () => {
      stopOnline();
      stopPageHide();
    };
    surroundings.outbox.start((roomId, body) => this.#post(roomId, body));
  }

  /** The connected user; undefined until the first session tells. */
  get userId(): string | undefined {
    return this.#userId;
  }

  /** Tells the room that the user types or stopped. Lost without a connection: nobody can use it later. */
  setTyping(roomId: string, isTyping: boolean): void {
    this.connection.emit("typing", { roomId, userId: this.#userId, isTyping });
  }

  /** Aborted when this login ends. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Calls the REST API as this user, as often as is good for somebody who waits. */
  async call<T>(request: RestRequest): Promise<T> {
    const { method, path, signal, isRepeatable = method !== "POST" } = request;
    const key = method === "POST" && !isRepeatable ? createUuid(this.#deps.randomBytes) : undefined;
    const given = new AbortController();
    const unlink = abortWith(given, this.signal, signal);
    const mayPass = isRepeatable || key !== undefined ? isTransient : isPutOff;
    const operation = (): Promise<T> => callRest<T>(this.#deps, this.source, given.signal, request, key);
    try {
      return await withRetry(this.#deps, readPolicy, given.signal, operation, mayPass);
    } catch (error) {
      if (signal?.aborted && !(error instanceof SendsarError))
        throw abortedError(`call ${path}`, "it was given up", error);
      throw error;
    } finally {
      unlink();
    }
  }

  /** Calls the REST API for something that tells where rooms stand. */
  async read<T>(request: RestRequest, placesOf: (answer: T) => readonly Place[]): Promise<T> {
    const { epoch } = this.inbox;
    const answer = await this.call<T>(request);
    for (const { roomId, seq } of placesOf(answer)) this.inbox.learn(roomId, seq, epoch);
    return answer;
  }

  /** Closes the socket and rejects every call that has no answer yet. Safe to repeat. */
  end(reason: string): void {
    this.#stopListening();
    this.#ending.abort(abortedError("finish the call", reason));
    this.connection.stop(reason);
  }

  #createConnection(): Connection {
    const { events, presence, outbox } = this.#surroundings;
    return new Connection(this.#deps, this.source, {
      onState: (state, reason) => {
        if (state === "disconnected") {
          this.rooms.clear(abortedError("join room", reason ?? "the client was disconnected"));
          if (presence.replace([])) announce(events, presence);
        }
        events.emit("connection", reason === undefined ? { state } : { state, reason });
        if (state === "connected") outbox.hurry();
      },
      onCredential: ({ apiUrl, userId }) => {
        this.#userId = userId;
        if (this.#previous?.userId === userId) this.inbox.continueFrom(this.#previous.inbox);
        this.#previous = undefined;
        outbox.open(apiUrl, userId);
      },
      onUp: (userId) => {
        this.typist.reset();
        const joined = this.rooms.confirmed();
        const rejoined = this.rooms.onUp(userId);
        this.inbox.up(joined);
        return rejoined;
      },
      onDown: () => {
        this.typist.reset();
        this.rooms.onDown();
        this.inbox.down();
      },
      receive: (name, payload) => this.#receive(name, payload),
    });
  }

  /** Takes each event from the server: first what the SDK itself knows, then the app's handlers. */
  #receive(name: string, payload: unknown): void {
    if (this.inbox.receive(name, payload) || !isDownEvent(name)) return;
    this.#note(name, payload);
    this.#emit(name, payload as never);
  }

  #note(name: keyof DownEvents, payload: unknown): void {
    const { events, presence } = this.#surroundings;
    switch (name) {
      case "error": {
        const error = payload as DownEvents["error"];
        if (error.event === "join-room") this.rooms.onRefused(error);
        if (error.event === "resume") this.inbox.refused(error);
        return;
      }
      case "joined-room":
        return this.rooms.onJoined((payload as DownEvents["joined-room"]).roomId);
      case "tenant-presence-snapshot": {
        const { onlineUserIds } = payload as DownEvents["tenant-presence-snapshot"];
        if (presence.replace(onlineUserIds)) announce(events, presence);
        return;
      }
      case "tenant-presence": {
        const { userId, online } = payload as DownEvents["tenant-presence"];
        if (presence.set(userId, online)) announce(events, presence);
        return;
      }
      default:
    }
  }

  /** Takes what the inbox hands out, in order. */
  #deliver({ name, payload }: Sequenced): void {
    if (!isDownEvent(name)) return;
    if (name === "new-message") this.#surroundings.outbox.hear(payload as Message);
    if (name === "room-participants-changed") {
      const { action, targetUserId, roomId } = payload as DownEvents["room-participants-changed"];
      if (action !== "joined" && targetUserId === this.#userId) this.inbox.leave(roomId);
    }
    this.#emit(name, payload as never);
  }

  /** Nothing but the end itself is told after the end, also when a handler ended it in the middle of many events. */
  #emit<Name extends keyof ClientEvents>(name: Name, payload: ClientEvents[Name]): void {
    if (!this.#ending.signal.aborted) this.#surroundings.events.emit(name, payload);
  }

  async #post(roomId: string, body: object): Promise<Message> {
    const { epoch } = this.inbox;
    const request = { method: "POST", path: `${roomPath(roomId)}/messages`, body } as const;
    const message = await callRest<Message>(this.#deps, this.source, this.signal, request);
    // Up to just before it: its own event is still to be handed over.
    this.inbox.learn(message.roomId, message.seq - 1, epoch);
    return message;
  }
}

const isDownEvent = (name: string): name is Exclude<keyof DownEvents, "resumed"> =>
  (downEventNames as readonly string[]).includes(name);

function announce(events: Emitter<ClientEvents>, { onlineUserIds }: TenantPresence): void {
  events.emit("presence-change", { onlineUserIds });
}
