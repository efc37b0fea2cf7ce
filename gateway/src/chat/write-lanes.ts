import { LRUCache } from "lru-cache";
import type { NewMessage } from "../store/message-writer.ts";

/** A message that waits to be written. */
export interface Waiting<Answer = unknown> {
  readonly message: NewMessage;
  /** When it came, on the clock of `performance.now()`. */
  readonly since: number;
  readonly answer: Answer;
}

/** Messages that are written one batch after the other. */
export interface Lane<W extends Waiting> {
  readonly tenantId: string;
  /** Set when all of its messages are of this room. */
  readonly roomId: string | undefined;
  waiting: W[];
}

/**
 * Puts messages that wait into lanes, and tells which lane is next. Pure, but for the time for which a room is avoided.
 *
 * A lane is a tenant. A room whose lock could not be had at once gets a lane of its own for `avoidMs`, so that the others
 * of its tenant do not wait for it. No room is in two lanes at a time.
 */
export interface Lanes<W extends Waiting> {
  /** Messages in all lanes. */
  readonly count: number;
  /** True when no lane has messages, waiting or under way. */
  isEmpty(): boolean;
  push(tenantId: string, item: W): void;
  /** The lane that has waited longest for its turn. It has no other turn until `free`. */
  next(): Lane<W> | undefined;
  free(lane: Lane<W>): void;
  /** Takes out of a lane what `pick` leaves of it. */
  take(lane: Lane<W>, pick: (waiting: W[]) => W[]): W[];
  /** Takes out everything that came before `at`. */
  takeOlderThan(at: number): W[];
  /** A batch of a tenant's lane could not get its locks: its rooms get lanes of their own, and it waits there again. */
  split(lane: Lane<W>, batch: readonly W[]): void;
}

const avoidMs = 10_000;
const avoidedMax = 10_000;

export const createLanes = <W extends Waiting>(now: () => number): Lanes<W> => {
  const lanes = new Map<string, Lane<W>>();
  /** Lanes whose turn it may be, the longest waiting first. */
  const ready: Lane<W>[] = [];
  const avoided = new LRUCache<string, true>({ max: avoidedMax, ttl: avoidMs, ttlResolution: 0, perf: { now } });
  let count = 0;

  const push = (tenantId: string, item: W): void => {
    const { roomId } = item.message;
    const roomKey = `${tenantId}/${roomId}`;
    const isApart = lanes.has(roomKey) || avoided.has(roomKey);
    const key = isApart ? roomKey : tenantId;
    let lane = lanes.get(key);
    if (!lane) {
      lane = { tenantId, roomId: isApart ? roomId : undefined, waiting: [] };
      lanes.set(key, lane);
      ready.push(lane);
    }
    lane.waiting.push(item);
    count++;
  };

  const take: Lanes<W>["take"] = (lane, pick) => {
    const picked = pick(lane.waiting);
    count -= picked.length;
    return picked;
  };

  return {
    get count() {
      return count;
    },
    isEmpty: () => lanes.size === 0,
    push,
    next: () => ready.shift(),
    free(lane) {
      if (lane.waiting.length > 0) ready.push(lane);
      else lanes.delete(lane.roomId === undefined ? lane.tenantId : `${lane.tenantId}/${lane.roomId}`);
    },
    take,
    takeOlderThan: (at) =>
      [...lanes.values()].flatMap((lane) =>
        take(lane, (waiting) => {
          const young = waiting.findIndex(({ since }) => since >= at);
          return waiting.splice(0, young === -1 ? waiting.length : young);
        }),
      ),
    split(lane, batch) {
      const roomIds = new Set(batch.map(({ message }) => message.roomId));
      for (const roomId of roomIds) avoided.set(`${lane.tenantId}/${roomId}`, true);
      const behind = take(lane, (waiting) => {
        const moving = waiting.filter(({ message }) => roomIds.has(message.roomId));
        lane.waiting = waiting.filter(({ message }) => !roomIds.has(message.roomId));
        return moving;
      });
      for (const item of [...batch, ...behind]) push(lane.tenantId, item);
    },
  };
};
