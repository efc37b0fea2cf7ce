import type { DownEventName, DownEvents } from "@sendsar/protocol/events/down";
import type { Use } from "../../chat/rate-limiter/rate-limiter.ts";
import type { LogEvent } from "../../store/log.ts";
import type { ChatServer } from "../io.ts";
import type { Timers } from "../timers.ts";

/** What gateways tell each other. Every kind may be lost; each has its own way to make up for that. */
export interface BusMessages {
  /** Rooms have come to a `seq`; with the events, while they are small. Made up for by the log. */
  readonly doorbell: readonly Doorbell[];
  /** Send this to the sockets of a channel. Not made up for: typing, and who read how far. */
  readonly signal: Signal;
  /** Who is online on a gateway. Made up for by asking for all of it again. */
  readonly presence: unknown;
  /** Which rooms a gateway has members of. Made up for as presence is. */
  readonly interest: unknown;
  /** What rate limits let through. Not made up for: the others let through that much more. */
  readonly uses: readonly Use[];
}

/**
 * One room of a doorbell: tenant, room, latest seq, and its events as JSON, or "". The events stay text until somebody
 * wants them, so a gateway without members of the room does not parse them.
 */
export type Doorbell = readonly [tenantId: string, roomId: string, seq: number, events: string];

/** Channel, event, payload, and the channel to leave out, if any. */
export type Signal = readonly [
  channel: string,
  event: DownEventName,
  payload: DownEvents[DownEventName],
  except: string,
];

/** The line between gateways, over whatever adapter Socket.IO has: its server-side events. */
export interface Bus {
  send<K extends keyof BusMessages>(kind: K, message: BusMessages[K]): void;
  on<K extends keyof BusMessages>(kind: K, listener: (message: BusMessages[K]) => void): void;
}

type ServerSide = {
  serverSideEmit(event: string, kind: string, message: unknown): void;
  on(event: string, listener: (kind: string, message: unknown) => void): void;
};

export const createBus = (io: ChatServer): Bus => {
  const server = io as unknown as ServerSide;
  const listeners = new Map<string, (message: never) => void>();
  server.on("bus", (kind, message) => listeners.get(kind)?.(message as never));
  return {
    send: (kind, message) => server.serverSideEmit("bus", kind, message),
    on: (kind, listener) => void listeners.set(kind, listener as never),
  };
};

/**
 * Rings the other gateways: at once when it is quiet, and at most every `doorbellMs` when it is not, several rooms in
 * one message. So a lone message is heard without delay, and a busy gateway wakes the others a bounded number of times.
 */
export interface DoorbellRinger {
  ring(tenantId: string, events: readonly LogEvent[]): void;
  stop(): void;
}

const doorbellMs = 5;
/** Of one message between gateways, with room for the adapter's envelope below the 8,000 bytes of NOTIFY. */
const messageBytesMax = 6500;
/** Of one doorbell. A room's events fill as many as they need; an event that fits into none is left to the log. */
const doorbellBytesMax = 4200;

export const createDoorbellRinger = (bus: Bus, timers: Timers, now: () => number): DoorbellRinger => {
  let waiting = new Map<string, { tenantId: string; roomId: string; events: LogEvent[] }>();
  let timer: unknown;
  let last = -Infinity;

  const flush = (): void => {
    timer = undefined;
    last = now();
    const rooms = [...waiting.values()];
    waiting = new Map();
    let message: Doorbell[] = [];
    let bytes = 0;
    for (const { doorbell, bytes: size } of rooms.flatMap(toDoorbells)) {
      if (bytes + size > messageBytesMax && message.length > 0) {
        bus.send("doorbell", message);
        [message, bytes] = [[], 0];
      }
      message.push(doorbell);
      bytes += size;
    }
    if (message.length > 0) bus.send("doorbell", message);
  };

  return {
    ring(tenantId, events) {
      for (const event of events) {
        const key = `${tenantId}/${event.roomId}`;
        const room = waiting.get(key) ?? { tenantId, roomId: event.roomId, events: [] };
        room.events.push(event);
        waiting.set(key, room);
      }
      if (timer !== undefined || waiting.size === 0) return;
      const wait = last + doorbellMs - now();
      if (wait <= 0) flush();
      else timer = timers.setTimeout(flush, wait);
    },
    stop: () => timers.clearTimeout(timer),
  };
};

interface Sized {
  readonly doorbell: Doorbell;
  /** As it travels: what is quoted in the events is quoted once more. */
  readonly bytes: number;
}

/** The doorbells of one room, each of which says how far it has come. With an event that is too large there is one, bare. */
const toDoorbells = (room: {
  readonly tenantId: string;
  readonly roomId: string;
  readonly events: readonly LogEvent[];
}): Sized[] => {
  const { tenantId, roomId, events } = room;
  const seq = Math.max(...events.map((event) => event.seq));
  const bare = sized([tenantId, roomId, seq, ""]);
  const parts: { texts: string[]; bytes: number }[] = [];
  for (const event of events) {
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(JSON.stringify(text));
    if (bare.bytes + bytes > doorbellBytesMax) return [bare];
    const last = parts.at(-1);
    if (last && last.bytes + bytes <= doorbellBytesMax) {
      last.texts.push(text);
      last.bytes += bytes;
    } else parts.push({ texts: [text], bytes: bare.bytes + bytes });
  }
  return parts.map(({ texts, bytes }) => ({ doorbell: [tenantId, roomId, seq, `[${texts.join()}]`], bytes }));
};

const sized = (doorbell: Doorbell): Sized => ({ doorbell, bytes: Buffer.byteLength(JSON.stringify(doorbell)) });
