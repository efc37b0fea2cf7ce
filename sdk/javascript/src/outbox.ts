import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import { Machine } from "./machine.ts";
import type { NewEntry } from "./messages.ts";
import type { ChatOutbox, OutboxChange, OutboxEntry, OutboxStorage } from "./outbox-entry.ts";
import { type Entry, type OutboxEffect, type OutboxEvent, type OutboxState, stepOutbox } from "./outbox-machine.ts";
import { OutboxStore, bytesOf } from "./outbox-store.ts";
import { isFinalSessionError } from "./session.ts";
import { type Deferred, abortedError, backoffMs, createDeferred } from "./timing.ts";
import type { Message, SendMessageBody } from "./wire.ts";

/** Sends one message once. */
export type Post = (roomId: string, body: SendMessageBody) => Promise<Message>;

/** Takes messages and gets each to the server once, in the order of a room, however often the network fails. */
export class Outbox implements ChatOutbox {
  readonly #deps: Pick<Deps, "now" | "random" | "setTimer">;
  readonly #store: OutboxStore;
  readonly #tell: (change: OutboxChange) => void;
  readonly #machine: Machine<OutboxState, OutboxEvent, OutboxEffect>;
  readonly #callers = new Map<string, Deferred<Message>>();
  readonly #delays = new Map<string, () => void>();
  /** The entries that are in the storage. */
  readonly #stored = new Set<string>();
  /** How many bytes each entry takes. */
  readonly #bytes = new Map<string, number>();
  #list: readonly OutboxEntry[] | undefined;
  #post: Post = () => Promise.reject(abortedError("send message", "nobody is connected"));
  #userId: string | undefined;

  constructor(
    deps: Pick<Deps, "now" | "random" | "setTimer">,
    storage: OutboxStorage | undefined,
    tell: (change: OutboxChange) => void,
  ) {
    this.#deps = deps;
    this.#store = new OutboxStore(storage);
    this.#tell = tell;
    this.#machine = new Machine<OutboxState, OutboxEvent, OutboxEffect>(
      { owner: undefined, entries: [] },
      stepOutbox,
      (effect) => this.#perform(effect),
    );
  }

  get entries(): readonly OutboxEntry[] {
    this.#list ??= Object.freeze(this.#machine.state.entries.map((entry) => this.#toPublic(entry)));
    return this.#list;
  }

  retry(clientMessageId: string): Promise<Message> {
    const entry = this.#machine.state.entries.find(({ id }) => id === clientMessageId);
    if (entry === undefined) {
      return Promise.reject(unableTo("send message", "it is not in the outbox", { code: "not_in_outbox" }));
    }
    const caller = this.#callerOf(clientMessageId);
    this.#dispatch({ type: "retry", id: clientMessageId });
    return caller.promise;
  }

  discard(clientMessageId: string): void {
    this.#dispatch({ type: "discard", id: clientMessageId });
  }

  /** Takes a message. Resolves when it is on the server; rejects when it never will be, or when too many are waiting. */
  add(roomId: string, { clientMessageId, parts, parentMessageId }: NewEntry): Promise<Message> {
    const createdAtMs = this.#deps.now();
    const fields = { roomId, parts, ...(parentMessageId !== undefined && { parentMessageId }), createdAtMs };
    const state = { owner: undefined, isAwaited: true, status: "queued", tries: 0, strikes: 0, place: 0 } as const;
    const entry: Entry = { id: clientMessageId, ...fields, ...state };
    const bytes = bytesOf(entry);
    if (!this.#makeRoom(clientMessageId, bytes)) {
      return Promise.reject(unableTo("send message", "too many are waiting already", { code: "too_many_pending" }));
    }
    this.#bytes.set(clientMessageId, bytes);
    const caller = this.#callerOf(clientMessageId);
    this.#dispatch({ type: "add", entry });
    return caller.promise;
  }

  /** Another login begins: nothing is sent until `open` says whose it is. */
  start(post: Post): void {
    this.#dispatch({ type: "close" });
    this.#post = post;
  }

  /** It is known who the user is. Loads what the storage has. */
  open(apiUrl: string, userId: string): void {
    const owner = `${encodeURIComponent(apiUrl)}/${encodeURIComponent(userId)}`;
    if (this.#machine.state.owner === owner) return;
    this.#userId = userId;
    const restored = this.#store.load(owner, entriesMax, this.#deps.now());
    for (const entry of restored) {
      this.#stored.add(entry.id);
      this.#bytes.set(entry.id, bytesOf(entry));
    }
    this.#dispatch({ type: "open", owner, restored });
  }

  /** Tries everything now that waits for its next try. */
  hurry(): void {
    this.#dispatch({ type: "hurry" });
  }

  /** Takes a message that came as an event: if it is from here, it is stored. */
  hear(message: Message): void {
    const { clientMessageId, senderId } = message;
    if (clientMessageId === null || senderId !== this.#userId) return;
    this.#dispatch({ type: "stored", id: clientMessageId, message });
  }

  /** The app has disconnected: whoever waits is told so. What is left from before a reload stays in the storage. */
  end(reason: string): void {
    this.#dispatch({ type: "end", error: abortedError("send message", reason) });
  }

  /** True if a message fits in. Failed ones are given up for it, the oldest first. */
  #makeRoom(id: string, bytes: number): boolean {
    for (;;) {
      const others = this.#machine.state.entries.filter((entry) => entry.id !== id);
      const total = others.reduce((sum, other) => sum + (this.#bytes.get(other.id) ?? 0), bytes);
      if (others.length < entriesMax && total <= bytesMax) return true;
      const failed = others.find(({ status }) => status === "failed");
      if (failed === undefined) return false;
      this.discard(failed.id);
    }
  }

  #dispatch(event: Timeless<OutboxEvent>): void {
    this.#machine.dispatch({ ...event, nowMs: this.#deps.now() });
  }

  #perform(effect: OutboxEffect): void {
    switch (effect.type) {
      case "send":
        return void this.#send(effect.entry);
      case "start-delay":
        return this.#startDelay(effect.id, effect.tries, effect.atLeastMs);
      case "stop-delay":
        this.#delays.get(effect.id)?.();
        this.#delays.delete(effect.id);
        return;
      case "save":
        if (this.#store.save(effect.entry)) this.#stored.add(effect.entry.id);
        return;
      case "remove":
        return this.#store.remove(effect.entry);
      case "resolve":
        return this.#takeCaller(effect.id)?.resolve(effect.message);
      case "reject":
        return this.#takeCaller(effect.id)?.reject(effect.error);
      case "tell":
        return this.#tellChange();
    }
  }

  /** One try. Never rejects: what comes of it is an event. */
  async #send({ id, roomId, parts, parentMessageId, tries }: Entry): Promise<void> {
    const parent = parentMessageId !== undefined && { parentMessageId };
    try {
      const message = await this.#post(roomId, { parts, clientMessageId: id, senderId: this.#userId, ...parent });
      this.#dispatch({ type: "stored", id, message });
    } catch (error) {
      this.#dispatch(toOutcome(id, tries, error));
    }
  }

  #startDelay(id: string, tries: number, atLeastMs: number): void {
    const delayMs = Math.max(backoffMs(retryBackoff, tries - 1, this.#deps.random), atLeastMs);
    const cancel = this.#deps.setTimer(() => {
      this.#delays.delete(id);
      this.#dispatch({ type: "delay-over", id });
    }, delayMs);
    this.#delays.set(id, cancel);
  }

  #tellChange(): void {
    const { entries } = this.#machine.state;
    const ids = new Set(entries.map(({ id }) => id));
    for (const id of [...this.#bytes.keys()]) if (!ids.has(id)) this.#bytes.delete(id);
    for (const id of [...this.#stored]) if (!ids.has(id)) this.#stored.delete(id);
    this.#list = undefined;
    this.#tell({ entries: this.entries });
  }

  #callerOf(id: string): Deferred<Message> {
    const caller = this.#callers.get(id) ?? createDeferred<Message>();
    this.#callers.set(id, caller);
    return caller;
  }

  #takeCaller(id: string): Deferred<Message> | undefined {
    const caller = this.#callers.get(id);
    this.#callers.delete(id);
    return caller;
  }

  #toPublic({ id, roomId, parts, parentMessageId, createdAtMs, status, error }: Entry): OutboxEntry {
    return {
      clientMessageId: id,
      roomId,
      parts,
      ...(parentMessageId !== undefined && { parentMessageId }),
      createdAt: new Date(createdAtMs).toISOString(),
      state: status === "failed" ? "failed" : "pending",
      ...(error !== undefined && { error }),
      isStored: this.#stored.has(id),
    };
  }
}

/** How many messages may be in the outbox. */
export const entriesMax = 1000;

/** How many bytes they may take together: a fifth of what a browser's storage holds. */
export const bytesMax = 1_000_000;

/** Delays between the tries of one message. */
export const retryBackoff = { baseMs: 500, maxMs: 15_000 };

type Timeless<Event> = Event extends unknown ? Omit<Event, "nowMs"> : never;

/** What a failed try means for the message. */
function toOutcome(id: string, tries: number, error: unknown): Timeless<OutboxEvent> {
  if (!(error instanceof SendsarError)) {
    const defect = unableTo("send message", reasonOf(error), { code: "invalid_answer", cause: error });
    return { type: "refused", id, tries, error: defect };
  }
  const { status, code, retryAfterMs = 0 } = error;
  if (isFinalSessionError(error)) return { type: "refused", id, tries, error };
  const isUnanswered = status === undefined || code === "session_unavailable" || laterStatuses.has(status);
  if (isUnanswered) return { type: "unanswered", id, tries, atLeastMs: retryAfterMs };
  const isRefusal = status >= 400 && status < 500;
  return { type: isRefusal ? "refused" : "garbled", id, tries, error };
}

/** Not now, or nobody is there: 502 and 504 come from a proxy whose gateway went away. */
const laterStatuses: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
