import type { Sequenced } from "./sequenced.ts";

/**
 * Where the client stands in each of its rooms, the most recently used room last.
 *
 * Two numbers per room, because reading runs ahead of events. The position is where a `resume` begins: set by the first
 * reading or event, and from then on moved by events alone, so that nothing between two readings is skipped. The top is
 * the latest event that was handed to the app; what is not above it was handed over before.
 */
export class Positions {
  readonly #rooms = new Map<string, Room>();

  /** Takes over what another one knows of rooms that are not known here. */
  adopt(other: Positions): void {
    const own = [...this.#rooms];
    this.#rooms.clear();
    for (const [key, room] of [...other.#rooms, ...own]) this.#rooms.set(key, room);
  }

  /** What a reading found; true if it is the room's first position. A later one says nothing of the events in between. */
  learn(roomId: string, seq: number): boolean {
    const room = this.#use(roomId);
    if (room.position !== undefined) return false;
    room.position = Math.max(seq, room.top);
    return true;
  }

  /** True if the event is new; then it counts as handed over. */
  take({ name, roomId, seq, payload }: Sequenced): boolean {
    const room = this.#use(roomId);
    // One change can be several events, one for each user whom it is about.
    const key = `${name} ${(payload as { readonly targetUserId?: string }).targetUserId ?? ""}`;
    if (seq < room.top || (seq === room.top && room.keysAtTop.includes(key))) return false;
    room.keysAtTop = seq === room.top ? [...room.keysAtTop, key] : [key];
    room.top = seq;
    room.position = Math.max(seq, room.position ?? 0);
    return true;
  }

  /** True if there is something between where the client stands and the event. */
  isAfterHole({ roomId, seq }: Sequenced): boolean {
    const position = this.of(roomId);
    return position !== undefined && seq > position + 1;
  }

  /** The room's position, if it is known. */
  of(roomId: string): number | undefined {
    return this.#rooms.get(toKey(roomId))?.position;
  }

  /** Forgets the room's position, until the next reading or event sets it. */
  forget(roomId: string): void {
    const room = this.#rooms.get(toKey(roomId));
    if (room !== undefined) room.position = undefined;
  }

  /** The rooms with a position, the most recently used first. */
  rooms(): readonly string[] {
    return [...this.#rooms].flatMap(([roomId, { position }]) => (position === undefined ? [] : [roomId])).reverse();
  }

  #use(roomId: string): Room {
    const key = toKey(roomId);
    const room = this.#rooms.get(key) ?? { position: undefined, top: 0, keysAtTop: [] };
    this.#rooms.delete(key);
    this.#rooms.set(key, room);
    if (this.#rooms.size > roomsMax) {
      for (const oldest of this.#rooms.keys()) {
        this.#rooms.delete(oldest);
        break;
      }
    }
    return room;
  }
}

interface Room {
  position: number | undefined;
  top: number;
  keysAtTop: readonly string[];
}

/** As many rooms as a user can be in. */
const roomsMax = 10_000;

/** The server writes ids in lower case, whatever the app was given. */
const toKey = (roomId: string): string => roomId.toLowerCase();
