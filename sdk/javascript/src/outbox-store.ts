import { SendsarError } from "./errors.ts";
import type { OutboxStorage } from "./outbox-entry.ts";
import type { Entry } from "./outbox-machine.ts";

/**
 * Keeps the entries of the outbox in a storage, each under a key of its own that begins with whose it is: so pages that
 * are open side by side do not overwrite each other's. Without a storage it keeps nothing.
 */
export class OutboxStore {
  readonly #storage: OutboxStorage | undefined;

  constructor(storage: OutboxStorage | undefined) {
    this.#storage = storage;
  }

  /** True if the entry is kept now. A storage that is full or forbidden keeps nothing, and that is no failure. */
  save(entry: Entry): boolean {
    if (this.#storage === undefined || entry.owner === undefined) return false;
    try {
      this.#storage.setItem(toKey(entry.owner, entry.id), toText(entry));
      return true;
    } catch {
      // The message is sent all the same; whether it is kept stands in the entry that the app sees.
      return false;
    }
  }

  remove({ owner, id }: Entry): void {
    if (owner !== undefined) this.#storage?.removeItem(toKey(owner, id));
  }

  /** What is kept of an owner, oldest first, at most `countMax`. What cannot be read, or is very old, is removed. */
  load(owner: string, countMax: number, nowMs: number): Entry[] {
    const storage = this.#storage;
    if (storage === undefined) return [];
    const prefix = toKey(owner, "");
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    const entries: Entry[] = [];
    for (const key of keys) {
      if (key?.startsWith(prefix) !== true) continue;
      const entry = parseEntry(owner, key.slice(prefix.length), storage.getItem(key));
      if (entry === undefined || nowMs - entry.createdAtMs > keptMsMax) storage.removeItem(key);
      else entries.push(entry);
    }
    return entries.sort((a, b) => a.place - b.place || a.createdAtMs - b.createdAtMs).slice(0, countMax);
  }
}

/** The storage of the page, or undefined where there is none: in Node, in workers, or where the browser forbids it. */
export function findPageStorage(): OutboxStorage | undefined {
  try {
    // Node has a `localStorage` of its own, which is nobody's page.
    return typeof document === "undefined" ? undefined : globalThis.localStorage;
  } catch {
    // Forbidden by the user or by a sandbox: reading the property throws.
    return undefined;
  }
}

/** How long a message that failed is kept for the app to look at. */
export const keptMsMax = 7 * 24 * 3_600_000;

/** How many bytes an entry takes in the storage. */
export const bytesOf = (entry: Entry): number => new TextEncoder().encode(toText(entry)).length;

/** The version is in the key: another version of this SDK leaves alone what it cannot read. */
const toKey = (owner: string, id: string): string => `sendsar/outbox/1/${owner}/${id}`;

/** What is written of an entry; everything else is of the moment. */
interface Kept {
  readonly roomId: string;
  readonly parts: Entry["parts"];
  readonly parentMessageId?: string;
  readonly createdAtMs: number;
  readonly place: number;
  readonly failure?: { readonly code: string; readonly message: string; readonly reason: string };
}

function toText({ roomId, parts, parentMessageId, createdAtMs, place, error }: Entry): string {
  const kept: Kept = {
    roomId,
    parts,
    ...(parentMessageId !== undefined && { parentMessageId }),
    createdAtMs,
    place,
    ...(error !== undefined && { failure: { code: error.code, message: error.message, reason: error.reason } }),
  };
  return JSON.stringify(kept);
}

function parseEntry(owner: string, id: string, text: string | null): Entry | undefined {
  const kept = parse(text ?? "");
  if (kept === undefined || id === "") return undefined;
  const { failure, ...fields } = kept;
  const fresh = { ...fields, id, owner, isAwaited: false, tries: 0, strikes: 0 };
  if (failure === undefined) return { ...fresh, status: "queued" };
  return { ...fresh, status: "failed", error: new SendsarError(failure.message, failure) };
}

/** Anything may stand in a storage: whoever else runs on the page can write there. */
function parse(text: string): Kept | undefined {
  try {
    const value = JSON.parse(text) as Partial<Kept> | null;
    const { roomId, parts, parentMessageId, createdAtMs, place, failure } = value ?? {};
    if (typeof roomId !== "string" || !Array.isArray(parts)) return undefined;
    if (typeof createdAtMs !== "number" || typeof place !== "number") return undefined;
    return {
      roomId,
      parts,
      createdAtMs,
      place,
      ...(typeof parentMessageId === "string" && { parentMessageId }),
      ...(failure && {
        failure: { code: String(failure.code), message: String(failure.message), reason: String(failure.reason) },
      }),
    };
  } catch {
    return undefined;
  }
}
