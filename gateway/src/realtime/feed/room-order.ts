/** Something that has a place in a room's order. */
export interface Placed {
  readonly seq: number;
}

/**
 * Puts a room's events in order: whatever way they come, they leave in the order of `seq`, each once, without a hole.
 * Pure; knows nothing of time, sockets or databases.
 */
export interface RoomOrder<E extends Placed> {
  /** Takes events and answers those that may be delivered now. */
  offer(events: readonly E[]): E[];
  /** Somebody says that the room has come to here. */
  hear(seq: number): void;
  /** The last event that was delivered. */
  readonly position: number;
  /** True while something before `head` is missing. */
  readonly hasGap: boolean;
  /** The latest event that is known to exist. */
  readonly head: number;
}

/** Begins after `position`. Keeps at most `waitingMax` events that came too early; the rest is read again. */
export const createRoomOrder = <E extends Placed>(position: number, waitingMax: number): RoomOrder<E> => {
  const early = new Map<number, E>();
  let at = position;
  let head = position;
  return {
    offer(events) {
      const ready: E[] = [];
      for (const event of events) {
        head = Math.max(head, event.seq);
        if (event.seq === at + 1) {
          ready.push(event);
          early.delete(++at);
        } else if (event.seq > at + 1 && early.size < waitingMax) {
          early.set(event.seq, event);
        }
        for (let next = early.get(at + 1); next; next = early.get(at + 1)) {
          early.delete(++at);
          ready.push(next);
        }
      }
      return ready;
    },
    hear(seq) {
      head = Math.max(head, seq);
    },
    get position() {
      return at;
    },
    get hasGap() {
      return head > at;
    },
    get head() {
      return head;
    },
  };
};
