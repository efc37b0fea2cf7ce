import type { Deps } from "./deps.ts";
import { SendsarError, unableTo } from "./errors.ts";
import { isTransient } from "./retry.ts";
import { type Deferred, abortedError, createDeferred, timeoutError } from "./timing.ts";
import { type SocketError, type UpEvents, limits } from "./wire.ts";

/** How long a join may take. */
export const joinMsMax = 10_000;

/** Errors that announce the end of the socket: what was asked is asked again on the next one. */
const codesOfTheSocket: ReadonlySet<string> = new Set(["unauthorized", "shutting_down"]);

/** Says something to the server; false if there is no socket to say it on. */
export type Emit = <Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]) => boolean;

/**
 * The rooms that the user has open. They are remembered, and joined again on every new socket.
 *
 * A refusal names no room, so one join is asked at a time: the answer that comes is the answer to it.
 */
export class OpenRooms {
  readonly #deps: Pick<Deps, "setTimer">;
  readonly #emit: Emit;
  readonly #rooms = new Map<string, Room>();
  #queue: Room[] = [];
  #asked: { readonly room: Room; readonly cancel: () => void } | undefined;
  #userId: string | undefined;
  #isUp = false;
  #rejoined = createDeferred<void>();

  constructor(deps: Pick<Deps, "setTimer">, emit: Emit) {
    this.#deps = deps;
    this.#emit = emit;
  }

  /** Opens a room. Resolves when the server has confirmed it; rejects, and forgets the room, when it refuses or is late. */
  join(roomId: string): Promise<void> {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known.joined.promise;
    if (this.#rooms.size >= limits.joinedRoomsPerSocketMax) {
      const reason = `${limits.joinedRoomsPerSocketMax} are joined already`;
      return Promise.reject(unableTo("join room", reason, { code: "too_many_pending" }));
    }
    const room: Room = { roomId, joined: createDeferred(), isConfirmed: false, cancelDeadline: () => {} };
    room.cancelDeadline = this.#deps.setTimer(() => {
      // The server may still do it, so it is told that the answer is not waited for any more.
      this.leave(roomId, timeoutError("join room", joinMsMax));
    }, joinMsMax);
    this.#rooms.set(roomId, room);
    this.#queue.push(room);
    this.#askNext();
    return room.joined.promise;
  }

  /** Closes a room and forgets it. Does nothing for a room that is not open. */
  leave(roomId: string, error: SendsarError = abortedError("join room", "it was left first")): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    this.#forget(room, error);
    this.#emit("leave-room", { roomId, userId: this.#userId });
  }

  /** A new socket is in use. Resolves when every remembered room was answered on it, or not in time. */
  onUp(userId: string): Promise<void> {
    this.onDown();
    this.#userId = userId;
    this.#isUp = true;
    this.#rejoined = createDeferred();
    this.#queue = [...this.#rooms.values()];
    const { promise } = this.#rejoined;
    this.#askNext();
    return promise;
  }

  /** There is no socket. */
  onDown(): void {
    this.#isUp = false;
    this.#asked?.cancel();
    this.#asked = undefined;
    this.#queue = [];
    this.#rejoined.resolve();
  }

  /** Takes `joined-room`. The server may write the id in lower case. */
  onJoined(roomId: string): void {
    if (this.#asked?.room.roomId.toLowerCase() !== roomId.toLowerCase()) return;
    const room = this.#settleAsked();
    if (room === undefined || this.#rooms.get(room.roomId) !== room) return this.#askNext();
    room.cancelDeadline();
    room.isConfirmed = true;
    room.joined.resolve();
    this.#askNext();
  }

  /** Takes `error`, which answers the join that was asked, if there is one. */
  onRefused({ message, code = "refused" }: SocketError): void {
    if (codesOfTheSocket.has(code)) return;
    const room = this.#settleAsked();
    if (room === undefined) return;
    const error = new SendsarError(message, { code });
    // A room that was open before stays remembered when the server is only too busy for it.
    const isKept = room.isConfirmed && isTransient(error);
    if (!isKept && this.#rooms.get(room.roomId) === room) this.#forget(room, error);
    this.#askNext();
  }

  /** Forgets everything; joins that wait are rejected. */
  clear(error: SendsarError): void {
    this.onDown();
    for (const room of this.#rooms.values()) this.#forget(room, error);
  }

  #askNext(): void {
    if (!this.#isUp || this.#asked !== undefined) return;
    const room = this.#queue.shift();
    if (room === undefined) return this.#rejoined.resolve();
    if (this.#rooms.get(room.roomId) !== room) return this.#askNext();
    const cancel = this.#deps.setTimer(() => {
      this.#settleAsked();
      this.#askNext();
    }, joinMsMax);
    this.#asked = { room, cancel };
    this.#emit("join-room", { roomId: room.roomId, userId: this.#userId });
  }

  #settleAsked(): Room | undefined {
    const asked = this.#asked;
    asked?.cancel();
    this.#asked = undefined;
    return asked?.room;
  }

  #forget(room: Room, error: SendsarError): void {
    room.cancelDeadline();
    this.#rooms.delete(room.roomId);
    room.joined.reject(error);
  }
}

interface Room {
  readonly roomId: string;
  readonly joined: Deferred<void>;
  /** True once the server has confirmed the room on any socket. */
  isConfirmed: boolean;
  cancelDeadline: () => void;
}
