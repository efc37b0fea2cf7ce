import { type CatchUp, type CatchUpEffect, type CatchUpEvent, stepCatchUp } from "./catch-up-machine.ts";
import type { Deps } from "./deps.ts";
import { SendsarError } from "./errors.ts";
import { Machine } from "./machine.ts";
import { Positions } from "./positions.ts";
import { isTransient } from "./retry.ts";
import { SeenIds } from "./seen-ids.ts";
import { type Sequenced, toSequenced } from "./sequenced.ts";
import { type DownEvents, type Message, type SocketError, type UpEvents, limits } from "./wire.ts";

/** What an inbox needs of its surroundings. */
export interface InboxHooks {
  /** Asks the server on the socket in use. */
  readonly emit: (name: "resume", payload: UpEvents["resume"]) => void;
  /** Gives the socket in use up. */
  readonly cut: (reason: string) => void;
  /** Hands an event to the app. */
  readonly deliver: (event: Sequenced) => void;
  /** Tells the app that a room has to be read anew. */
  readonly reset: (roomId: string) => void;
}

/**
 * Hands the events that have a place in a room's order to the app: each once, in that order, over drops and changes of
 * the socket. What was missed is asked for, and a hole that cannot be filled is told as a reset.
 */
export class Inbox {
  readonly #deps: Pick<Deps, "setTimer">;
  readonly #hooks: InboxHooks;
  readonly #positions = new Positions();
  readonly #seen = new SeenIds(seenMessagesMax);
  readonly #machine: Machine<CatchUp, CatchUpEvent, CatchUpEffect>;
  #epoch = 0;
  #cancelTimer: () => void = () => {};

  constructor(deps: Pick<Deps, "setTimer">, hooks: InboxHooks) {
    this.#deps = deps;
    this.#hooks = hooks;
    this.#machine = new Machine<CatchUp, CatchUpEvent, CatchUpEffect>({ name: "off" }, stepCatchUp, (effect) =>
      this.#perform(effect),
    );
  }

  /** How many sockets were in use so far; to be noted when a reading begins. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Goes on from where an earlier one, of the same user, has come to. Call before `up`. */
  continueFrom(earlier: Inbox): void {
    this.#positions.adopt(earlier.#positions);
  }

  /** Another socket is in use. Of `joinedRooms` the app must be told if something was missed. */
  up(joinedRooms: readonly string[]): void {
    this.#epoch += 1;
    const known = this.#positions.rooms();
    const beyond = known.slice(limits.resumeRoomsMax);
    // A first socket misses nothing: nobody was told yet that the connection stands.
    const unplaced = this.#epoch === 1 ? [] : joinedRooms.filter((roomId) => this.#positions.of(roomId) === undefined);
    this.#machine.dispatch({
      type: "up",
      rooms: known.slice(0, limits.resumeRoomsMax),
      lost: [...beyond, ...unplaced],
    });
  }

  /** There is no socket in use. */
  down(): void {
    this.#machine.dispatch({ type: "down" });
  }

  /** Takes an event from the server; false if it has no place in an order and is somebody else's. */
  receive(name: string, payload: unknown): boolean {
    if (name === "resumed") {
      this.#answer(payload as DownEvents["resumed"]);
      return true;
    }
    const event = toSequenced(name, payload);
    if (event === undefined) return false;
    this.#machine.dispatch({ type: "event", event, isAfterHole: this.#positions.isAfterHole(event) });
    return true;
  }

  /** Takes the refusal of a `resume`. */
  refused({ message, code = "refused" }: SocketError): void {
    const isPassing = isTransient(new SendsarError(message, { code }));
    this.#machine.dispatch({ type: isPassing ? "put-off" : "refused" });
  }

  /** Takes what a reading found that began in `epoch`: the room was at `seq`. */
  learn(roomId: string, seq: number, epoch: number): void {
    // An older server does not say where its rooms stand.
    if (!Number.isSafeInteger(seq) || !this.#positions.learn(roomId, seq) || epoch === this.#epoch) return;
    this.#machine.dispatch({ type: "want", roomId });
  }

  /** The user is not in the room any more. */
  leave(roomId: string): void {
    this.#positions.forget(roomId);
  }

  #answer({ rooms, more }: DownEvents["resumed"]): void {
    const missed = rooms.map(({ roomId, reset, events }) => ({
      roomId,
      isReset: reset,
      events: events.map(({ seq, event, payload }) => ({ name: event, roomId, seq, payload })),
    }));
    this.#machine.dispatch({ type: more ? "part" : "answer", rooms: missed });
  }

  #perform(effect: CatchUpEffect): void {
    switch (effect.type) {
      case "ask": {
        const rooms = effect.rooms.flatMap((roomId) => {
          const position = this.#positions.of(roomId);
          return position === undefined ? [] : [[roomId, position] as const];
        });
        return this.#hooks.emit("resume", { rooms: Object.fromEntries(rooms) });
      }
      case "deliver":
        return effect.events.forEach((event) => this.#deliver(event));
      case "reset":
        for (const roomId of effect.rooms) {
          this.#positions.forget(roomId);
          this.#hooks.reset(roomId);
        }
        return;
      case "cut":
        return this.#hooks.cut("the server could not tell what was missed");
      case "start-timer":
        this.#cancelTimer();
        this.#cancelTimer = this.#deps.setTimer(() => this.#machine.dispatch({ type: "time-over" }), effect.ms);
        return;
      case "stop-timer":
        return this.#cancelTimer();
    }
  }

  #deliver(event: Sequenced): void {
    if (!this.#positions.take(event)) return;
    if (event.name === "new-message" && !this.#seen.add((event.payload as Message).id)) return;
    this.#hooks.deliver(event);
  }
}

/** How many ids of messages are remembered to drop repeats: some minutes of a very busy user. */
const seenMessagesMax = 2000;
