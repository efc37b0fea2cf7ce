import type { ChatClient } from "./client.ts";
import { type SendsarError, toSendsarError } from "./errors.ts";
import { LatestOnly } from "./latest-only.ts";
import { isTransient } from "./retry.ts";

/**
 * Marks a room as read up to the latest message that was shown, while the page can be seen, with one call at a time. What
 * the network did not let through is said again when `tell` is called.
 */
export class ReadMarker {
  readonly #calls: LatestOnly<string>;
  #isOn = false;
  /** The message up to which the server is still to be told. */
  #pending: string | undefined;
  #stopWatching: () => void = () => {};

  constructor(chat: ChatClient, roomId: string, onError: (error: SendsarError) => void) {
    this.#calls = new LatestOnly(async (messageId) => {
      try {
        await chat.markRead(roomId, messageId);
      } catch (error) {
        if (isTransient(error)) this.#pending ??= messageId;
        else onError(toSendsarError("mark room as read", error));
      }
    });
  }

  /** Begins. What was marked before is told. */
  start(): void {
    this.#isOn = true;
    this.#stopWatching = onVisible(() => this.tell());
    this.tell();
  }

  stop(): void {
    this.#isOn = false;
    this.#stopWatching();
  }

  /** The message and those before it are shown. */
  mark(messageId: string): void {
    this.#pending = messageId;
    this.tell();
  }

  /** Tells the server what it does not know yet, if the page can be seen. */
  tell(): void {
    if (!this.#isOn || this.#pending === undefined || !isVisible()) return;
    this.#calls.offer(this.#pending);
    this.#pending = undefined;
  }
}

/** Where there is no page, somebody is looking. */
const isVisible = (): boolean => typeof document === "undefined" || document.visibilityState !== "hidden";

function onVisible(callback: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  document.addEventListener("visibilitychange", callback);
  return () => document.removeEventListener("visibilitychange", callback);
}
