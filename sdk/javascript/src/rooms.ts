import type { Deps } from "./deps.ts";
import { SendsarError, unableTo } from "./errors.ts";
import { isTransient } from "./retry.ts";
import { type Deferred, abortedError, createDeferred, timeoutError } from "./timing.ts";
import { type SocketError, type UpEvents, limits } from "./wire.ts";

/** How long a join may take once it is its turn. */
export const joinMsMax = 10_000;

/** How many joins are asked per second: half of what the server takes of one socket. */
export const joinsPerSecondMax = 50;

/** Says something to the server; false if there is no socket to say it on. */
export type Emit = <Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]) => boolean;

/** The rooms that the user has open. They are remembered, and joined again on every new socket. */
export class OpenRooms {
  readonly #deps: Pick<Deps, "setTimer">;
  readonly #emit: Emit;
  readonly #rooms = new Map<string, Room>();
  /** Rooms that are to be asked for on the present socket. */
  #queue: Room[] = [];
  /** Answers that are still to come on the present socket, by room. */
  readonly #owed = new Map<string, number>();
  #userId: string | undefined;
  #isUp = false;
  #asksLeft = joinsPerSecondMax;
  #cancelSecond: (() => void) | undefined;
  #rejoined = createDeferred<void>();
  #cancelRejoin: () => void = () => {};

  constructor(deps: Pick<Deps, "setTimer">, emit: Emit) {
    this.#deps = deps;
    this.#emit = emit;
  }

  /** The rooms that were confirmed on any socket. */
  confirmed(): readonly string[] {
    return [...this.#rooms.values()].filter(({ isConfirmed }) => isConfirmed).map(({ roomId }) => roomId);
  }

  /** Opens a room. Resolves when the server has confirmed it; rejects, and forgets the room, when it refuses or is late. */
  join(roomId: string): Promise<void> {
    const known = this.#rooms.get(toKey(roomId));
    if (known !== undefined) return known.joined.promise;
    if (this.#rooms.size >= limits.joinedRoomsPerSocketMax) {
      const reason = `${limits.joinedRoomsPerSocketMax} are joined already`;
      return Promise.reject(unableTo("join room", reason, { code: "too_many_pending" }));
    }
    const room: Room = {
      roomId,
      joined: createDeferred(),
      isConfirmed: false,
      isAnswered: false,
      cancelDeadline: () => {},
    };
    const turnMs = 1000 * Math.floor(this.#queue.length / joinsPerSecondMax);
    room.cancelDeadline = this.#deps.setTimer(() => {
      // The server may still do it, so it is told that the answer is not waited for any more.
      this.leave(roomId, timeoutError("join room", joinMsMax));
    }, turnMs + joinMsMax);
    this.#rooms.set(toKey(roomId), room);
    this.#queue.push(room);
    this.#ask();
    return room.joined.promise;
  }

  /** Closes a room and forgets it. Does nothing for a room that is not open. */
  leave(roomId: string, error: SendsarError = abortedError("join room", "it was left first")): void {
    const room = this.#rooms.get(toKey(roomId));
    if (room === undefined) return;
    this.#forget(room, error);
    this.#emit("leave-room", { roomId, userId: this.#userId });
    this.#settleRejoined();
  }

  /** A new socket is in use. Resolves when every remembered room was answered on it, or not in time. */
  onUp(userId: string): Promise<void> {
    this.onDown();
    this.#userId = userId;
    this.#isUp = true;
    this.#rejoined = createDeferred();
    this.#queue = [...this.#rooms.values()];
    for (const room of this.#queue) room.isAnswered = false;
    this.#cancelRejoin = this.#deps.setTimer(() => this.#rejoined.resolve(), rejoinMsMax);
    const { promise } = this.#rejoined;
    this.#ask();
    this.#settleRejoined();
    return promise;
  }

  /** There is no socket. */
  onDown(): void {
    this.#isUp = false;
    this.#queue = [];
    this.#owed.clear();
    this.#cancelSecond?.();
    this.#cancelSecond = undefined;
    this.#asksLeft = joinsPerSecondMax;
    this.#cancelRejoin();
    this.#rejoined.resolve();
  }

  /** Takes `joined-room`. */
  onJoined(roomId: string): void {
    const room = this.#takeAnswer(roomId);
    if (room === undefined) return;
    room.cancelDeadline();
    room.isConfirmed = true;
    room.joined.resolve();
    this.#settleRejoined();
  }

  /** Takes the refusal of a `join-room`. */
  onRefused({ message, code = "refused", roomId = "" }: SocketError): void {
    const room = this.#takeAnswer(roomId);
    if (room === undefined) return;
    const error = new SendsarError(message, { code });
    // A room that was open before stays remembered when the server is only too busy for it, and is asked for again.
    if (room.isConfirmed && isTransient(error)) {
      room.isAnswered = false;
      this.#asksLeft = 0;
      this.#queue.push(room);
      this.#ask();
    } else {
      this.#forget(room, error);
    }
    this.#settleRejoined();
  }

  /** Forgets everything; joins that wait are rejected. */
  clear(error: SendsarError): void {
    this.onDown();
    for (const room of this.#rooms.values()) this.#forget(room, error);
  }

  #ask(): void {
    if (!this.#isUp) return;
    while (this.#asksLeft > 0) {
      const room = this.#queue.shift();
      if (room === undefined) return;
      const key = toKey(room.roomId);
      if (this.#rooms.get(key) !== room) continue;
      this.#asksLeft -= 1;
      this.#owed.set(key, (this.#owed.get(key) ?? 0) + 1);
      this.#emit("join-room", { roomId: room.roomId, userId: this.#userId });
      this.#startSecond();
    }
    this.#startSecond();
  }

  #startSecond(): void {
    this.#cancelSecond ??= this.#deps.setTimer(() => {
      this.#cancelSecond = undefined;
      this.#asksLeft = joinsPerSecondMax;
      this.#ask();
    }, 1000);
  }

  /** The room that an answer is for; undefined if it answers an earlier join, which was taken back meanwhile. */
  #takeAnswer(roomId: string): Room | undefined {
    const key = toKey(roomId);
    const owed = this.#owed.get(key) ?? 0;
    if (owed > 1) this.#owed.set(key, owed - 1);
    else this.#owed.delete(key);
    const room = owed === 1 ? this.#rooms.get(key) : undefined;
    if (room !== undefined) room.isAnswered = true;
    return room;
  }

  #settleRejoined(): void {
    if (!this.#isUp || [...this.#rooms.values()].some(({ isAnswered }) => !isAnswered)) return;
    this.#cancelRejoin();
    this.#rejoined.resolve();
  }

  #forget(room: Room, error: SendsarError): void {
    room.cancelDeadline();
    this.#rooms.delete(toKey(room.roomId));
    room.joined.reject(error);
  }
}

interface Room {
  readonly roomId: string;
  readonly joined: Deferred<void>;
  /** True once the server has confirmed the room on any socket. */
  isConfirmed: boolean;
  /** True once the server has answered for the room on the present socket. */
  isAnswered: boolean;
  cancelDeadline: () => void;
}

/** How long all rooms together may take on a new socket. */
const rejoinMsMax = 30_000;

/** The server writes ids in lower case, whatever the app was given. */
const toKey = (roomId: string): string => roomId.toLowerCase();
