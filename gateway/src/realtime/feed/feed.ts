import type { LogEvent } from "../../store/log.ts";
import type { RoomHead } from "../../store/rooms.ts";
import type { Timers } from "../timers.ts";
import type { RoomOrder } from "./room-order.ts";
import { createRoomOrder } from "./room-order.ts";

/**
 * Delivers the events of the rooms that this gateway has members of: each once, in the order of `seq`, without a hole.
 *
 * Events come in three ways: from the writer of this gateway, from the doorbells of others, and from the log itself.
 * Doorbells are hints. One that is lost, late, doubled or out of order changes nothing but the time of delivery: a hole
 * that is not filled within `gapMs` is read from the log, and `hear` (what the poll of the log found) makes holes of
 * which no doorbell told.
 *
 * Concurrency: all state changes are synchronous; per room at most one reading of the log is under way.
 * Limits: early events kept per room, events per reading, rooms remembered that nobody here is in.
 * Interest: a room that no member is connected to costs one map entry per doorbell, and nothing is read or parsed.
 */
export interface Feed {
  /**
   * A member of the room is connected here from now on. `position` is the room's last event that the member finds by
   * reading; what comes after it is delivered. Answers where the room's delivery stands, which is later than `position`
   * when others here were ahead: then the caller must look again at what it read.
   */
  open(tenantId: string, roomId: string, position: number): number;
  /**
   * No member is connected here any more. While events of the room are being delivered, this takes effect after the last
   * of them, and not at all if the room is opened again by then: one of them may bring a member.
   */
  close(tenantId: string, roomId: string): void;
  isOpen(tenantId: string, roomId: string): boolean;
  /**
   * Resolves when no open room has an event of those named before it still to deliver: with true, or with false after
   * `reachMsMax`. What is missing is read from the log.
   */
  reach(tenantId: string, heads: readonly RoomHead[]): Promise<boolean>;
  /** The last event that was delivered in a room that is open; undefined for one that is not. */
  position(tenantId: string, roomId: string): number | undefined;
  /** True if the room is not open, and its event `seq` was delivered before it was closed. */
  isPast(tenantId: string, roomId: string, seq: number): boolean;
  /** Events, from whatever source. */
  offer(tenantId: string, events: readonly LogEvent[]): void;
  /** The room has come to `seq`. */
  hear(tenantId: string, roomId: string, seq: number): void;
  /** Rooms in which something is known to be missing. */
  gaps(): number;
  stop(): void;
}

export interface FeedOptions {
  readonly timers: Timers;
  readonly readLog: (tenantId: string, roomId: string, afterSeq: number, limit: number) => Promise<LogEvent[]>;
  /** Called in order. Must not throw. */
  readonly deliver: (tenantId: string, event: LogEvent) => void;
  readonly onReadError: (error: unknown) => void;
  /** A room was opened, or closed. */
  readonly onInterest: (tenantId: string, roomId: string, isOpen: boolean) => void;
}

/** Milliseconds that a hole may stay before the log is read: its doorbell is usually on the way. */
const gapMs = 20;
const retryMsMax = 1000;
const readMax = 200;
const earlyMax = 1000;
const heardMax = 10_000;
/** The log can be read within this, or the database is away. */
const reachMsMax = 3000;

interface Room {
  readonly tenantId: string;
  readonly roomId: string;
  readonly order: RoomOrder<LogEvent>;
  timer: unknown;
  reading: boolean;
  failures: number;
  delivering: boolean;
  /** It was closed while it was delivering. */
  unwanted: boolean;
  /** Called when the room has come to their event, or is closed. */
  readonly waiters: Set<{ readonly seq: number; readonly reached: () => void }>;
}

/** What is remembered of a room that nobody here is in. */
interface Closed {
  /** How far it has come. */
  readonly head: number;
  /** How far it was delivered here; 0 if it never was. */
  readonly position: number;
}

export const createFeed = ({ timers, readLog, deliver, onReadError, onInterest }: FeedOptions): Feed => {
  const rooms = new Map<string, Room>();
  /** Rooms that nobody here is in, the latest heard of last: a member may be connecting just now. */
  const heard = new Map<string, Closed>();

  const settle = (room: Room, ready: readonly LogEvent[]): void => {
    if (ready.length > 0) {
      room.delivering = true;
      for (const event of ready) deliver(room.tenantId, event);
      room.delivering = false;
    }
    if (room.delivering) return;
    for (const waiter of room.waiters) if (waiter.seq <= room.order.position) waiter.reached();
    if (room.unwanted) {
      shut(room);
    } else if (!room.order.hasGap) {
      timers.clearTimeout(room.timer);
      room.timer = undefined;
    } else if (room.timer === undefined && !room.reading) {
      const wait = Math.min(retryMsMax, gapMs * 2 ** room.failures);
      room.timer = timers.setTimeout(() => void fill(room), wait);
    }
  };

  const fill = async (room: Room): Promise<void> => {
    room.timer = undefined;
    if (room.reading || !room.order.hasGap) return;
    room.reading = true;
    let events: LogEvent[] = [];
    try {
      events = await readLog(room.tenantId, room.roomId, room.order.position, readMax);
    } catch (error) {
      onReadError(error);
    }
    room.reading = false;
    if (rooms.get(keyOf(room.tenantId, room.roomId)) !== room) return;
    // Without progress the next reading comes later and later: the database is away, or the room is gone.
    room.failures = events.length > 0 ? 0 : room.failures + 1;
    settle(room, room.order.offer(events));
  };

  const shut = (room: Room): void => {
    timers.clearTimeout(room.timer);
    const key = keyOf(room.tenantId, room.roomId);
    rooms.delete(key);
    remember(key, room.order.head, room.order.position);
    for (const waiter of room.waiters) waiter.reached();
    onInterest(room.tenantId, room.roomId, false);
  };

  const reachOne = (room: Room, seq: number): Promise<boolean> =>
    new Promise((resolve) => {
      const end = (reached: boolean): void => {
        timers.clearTimeout(timer);
        room.waiters.delete(waiter);
        resolve(reached);
      };
      const timer = timers.setTimeout(() => end(false), reachMsMax);
      const waiter = { seq, reached: () => end(true) };
      room.waiters.add(waiter);
      room.order.hear(seq);
      settle(room, []);
    });

  const remember = (key: string, head: number, position = 0): void => {
    const known = heard.get(key);
    heard.delete(key);
    heard.set(key, { head: Math.max(known?.head ?? 0, head), position: Math.max(known?.position ?? 0, position) });
    if (heard.size > heardMax) heard.delete(heard.keys().next().value ?? "");
  };

  return {
    open(tenantId, roomId, position) {
      const key = keyOf(tenantId, roomId);
      const known = rooms.get(key);
      if (known) {
        known.unwanted = false;
        known.order.hear(position);
        settle(known, []);
        return known.order.position;
      }
      const before = heard.get(key);
      // Nobody gets an event twice because the room was closed in between.
      const order = createRoomOrder<LogEvent>(Math.max(position, before?.position ?? 0), earlyMax);
      order.hear(before?.head ?? 0);
      heard.delete(key);
      const state = {
        timer: undefined,
        reading: false,
        failures: 0,
        delivering: false,
        unwanted: false,
        waiters: new Set<never>(),
      };
      const room: Room = { tenantId, roomId, order, ...state };
      rooms.set(key, room);
      onInterest(tenantId, roomId, true);
      settle(room, []);
      return order.position;
    },
    close(tenantId, roomId) {
      const room = rooms.get(keyOf(tenantId, roomId));
      if (!room) return;
      room.unwanted = true;
      settle(room, []);
    },
    isOpen: (tenantId, roomId) => rooms.has(keyOf(tenantId, roomId)),
    async reach(tenantId, heads) {
      const behind = heads.flatMap(({ roomId, lastSeq }) => {
        const room = rooms.get(keyOf(tenantId, roomId));
        return room && room.order.position < lastSeq ? [reachOne(room, lastSeq)] : [];
      });
      return behind.length === 0 || (await Promise.all(behind)).every(Boolean);
    },
    position: (tenantId, roomId) => rooms.get(keyOf(tenantId, roomId))?.order.position,
    isPast: (tenantId, roomId, seq) => seq <= (heard.get(keyOf(tenantId, roomId))?.position ?? 0),
    offer(tenantId, events) {
      for (const event of events) {
        const key = keyOf(tenantId, event.roomId);
        const room = rooms.get(key);
        if (room) settle(room, room.order.offer([event]));
        else remember(key, event.seq);
      }
    },
    hear(tenantId, roomId, seq) {
      const key = keyOf(tenantId, roomId);
      const room = rooms.get(key);
      if (!room) {
        remember(key, seq);
        return;
      }
      room.order.hear(seq);
      settle(room, []);
    },
    gaps: () => [...rooms.values()].filter((room) => room.order.hasGap).length,
    stop() {
      for (const room of rooms.values()) {
        timers.clearTimeout(room.timer);
        for (const waiter of room.waiters) waiter.reached();
      }
      rooms.clear();
    },
  };
};

const keyOf = (tenantId: string, roomId: string): string => `${tenantId}/${roomId}`;
