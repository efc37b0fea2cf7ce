import { Connection } from "./connection.ts";
import type { Deps } from "./deps.ts";
import type { Emitter } from "./emitter.ts";
import { Lanes } from "./lanes.ts";
import type { ClientEvents } from "./options.ts";
import type { TenantPresence } from "./presence.ts";
import { type RestRequest, callRest } from "./rest.ts";
import { type RetryPolicy, withRetry } from "./retry.ts";
import { OpenRooms } from "./rooms.ts";
import { SeenIds } from "./seen-ids.ts";
import type { CredentialSource } from "./session.ts";
import type { Receive } from "./socket.ts";
import { abortedError } from "./timing.ts";
import { Typist } from "./typing.ts";
import type { DownEvents } from "./wire.ts";

/** Everything that lives from `connect` to `disconnect`: one user's connection, open rooms, typing and calls. */
export class Login {
  readonly source: CredentialSource;
  readonly connection: Connection;
  readonly rooms: OpenRooms;
  readonly typist: Typist;
  /** Keeps the messages to one room in the order in which they were sent. */
  readonly sends = new Lanes(unsentMessagesMax);
  readonly #deps: Deps;
  readonly #ending = new AbortController();
  #userId: string | undefined;

  constructor(
    deps: Deps,
    source: CredentialSource,
    userId: string | undefined,
    events: Emitter<ClientEvents>,
    presence: TenantPresence,
  ) {
    this.#deps = deps;
    this.source = source;
    this.#userId = userId;
    this.rooms = new OpenRooms(deps, (name, payload) => this.connection.emit(name, payload));
    this.typist = new Typist(deps, (roomId, isTyping) => this.setTyping(roomId, isTyping));
    this.connection = new Connection(deps, source, {
      onState: (state, reason) => {
        if (state === "disconnected") {
          this.rooms.clear(abortedError("join room", reason ?? "the client was disconnected"));
          if (presence.replace([])) announce(events, presence);
        }
        events.emit("connection", reason === undefined ? { state } : { state, reason });
      },
      onUp: (onlineUserId) => {
        this.#userId = onlineUserId;
        this.typist.reset();
        return this.rooms.onUp(onlineUserId);
      },
      onDown: () => {
        this.typist.reset();
        this.rooms.onDown();
      },
      receive: createReceive(events, presence, this.rooms),
    });
  }

  /** The connected user; undefined until the first session tells. */
  get userId(): string | undefined {
    return this.#userId;
  }

  /** Tells the room that the user types or stopped. Lost without a connection: nobody can use it later. */
  setTyping(roomId: string, isTyping: boolean): void {
    this.connection.emit("typing", { roomId, userId: this.#userId, isTyping });
  }

  /** Calls the REST API as this user, as often as the policy allows. */
  call<T>(policy: RetryPolicy, request: RestRequest): Promise<T> {
    const { signal } = this.#ending;
    return withRetry(this.#deps, policy, signal, () => callRest<T>(this.#deps, this.source, signal, request));
  }

  /** Closes the socket and rejects every call that has no answer yet. Safe to repeat. */
  end(reason: string): void {
    this.#ending.abort(abortedError("finish the call", reason));
    this.connection.stop(reason);
  }
}

/** How many ids of messages are remembered to drop repeats: some minutes of a very busy user. */
const seenMessagesMax = 2000;

/** How many messages may wait to be sent. */
const unsentMessagesMax = 1000;

type Taps = { readonly [Name in keyof DownEvents]?: (payload: DownEvents[Name]) => void };

/** Takes each event from the server: first what the SDK itself knows, then the app's handlers. */
function createReceive(events: Emitter<ClientEvents>, presence: TenantPresence, rooms: OpenRooms): Receive {
  const seen = new SeenIds(seenMessagesMax);
  const taps: Taps = {
    error: (error) => rooms.onRefused(error),
    "joined-room": ({ roomId }) => rooms.onJoined(roomId),
    "tenant-presence-snapshot": ({ onlineUserIds }) => {
      if (presence.replace(onlineUserIds)) announce(events, presence);
    },
    "tenant-presence": ({ userId, online }) => {
      if (presence.set(userId, online)) announce(events, presence);
    },
  };
  return (name, payload) => {
    if (name === "new-message" && !seen.add((payload as DownEvents["new-message"]).id)) return;
    taps[name]?.(payload);
    events.emit(name, payload as ClientEvents[typeof name]);
  };
}

function announce(events: Emitter<ClientEvents>, { onlineUserIds }: TenantPresence): void {
  events.emit("presence-change", { onlineUserIds });
}
