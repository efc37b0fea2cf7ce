import type { Deps } from "./deps.ts";

/** Tells the others in a room that the user types; see `chat.typing(roomId)`. */
export interface TypingIndicator {
  /** Call on every key: says "types" once, and "stopped" two seconds after the last call. */
  keystroke(): void;
  /** Says "stopped" now, when the input is emptied or closed. Sending to the room and leaving the page do it by themselves. */
  stop(): void;
}

/** Milliseconds after the last key at which the user counts as having stopped (contract 5.4). */
export const typingIdleMs = 2000;

/** Turns keys into one "types" and one "stopped" per burst, for every room apart. */
export class Typist {
  readonly #deps: Pick<Deps, "setTimer">;
  readonly #send: (roomId: string, isTyping: boolean) => void;
  /** The rooms in which the user types now, each with the function that cancels its timer. */
  readonly #active = new Map<string, () => void>();

  constructor(deps: Pick<Deps, "setTimer">, send: (roomId: string, isTyping: boolean) => void) {
    this.#deps = deps;
    this.#send = send;
  }

  keystroke(roomId: string): void {
    const cancel = this.#active.get(roomId);
    if (cancel === undefined) this.#send(roomId, true);
    else cancel();
    this.#active.set(
      roomId,
      this.#deps.setTimer(() => this.stop(roomId), typingIdleMs),
    );
  }

  stop(roomId: string): void {
    const cancel = this.#active.get(roomId);
    if (cancel === undefined) return;
    cancel();
    this.#active.delete(roomId);
    this.#send(roomId, false);
  }

  /** Says "stopped" to every room in which the user types. */
  stopAll(): void {
    for (const roomId of [...this.#active.keys()]) this.stop(roomId);
  }

  /** Forgets everything and says nothing: the server itself says "stopped" for a socket that closes. */
  reset(): void {
    for (const cancel of this.#active.values()) cancel();
    this.#active.clear();
  }
}
