import type { LogEvent } from "../../store/log.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Bus } from "../cluster/bus.ts";
import type { PresenceMessage } from "../presence/replica.ts";
import { createPresenceReplica, leaseMs } from "../presence/replica.ts";
import { createPresenceView } from "../presence/view.ts";
import type { Timers } from "../timers.ts";
import { createRecentRooms } from "./recent-rooms.ts";
import { toRoomGroup } from "./room-group.ts";

/**
 * Which rooms the other gateways have members of, as far as they said: a doorbell that none of them wants is not rung. So
 * a gateway that is alone tells nobody anything, and one that nobody is connected to hears next to nothing.
 *
 * The answer is yes when in doubt: while this gateway cannot hear the others, for a lease after it began to, and while
 * one of them is known to have said more than arrived. A no may be wrong for as long as word of an opened room is on its
 * way. Therefore who opened one looks into the log a moment later (`lookAgain`); and the poll of every second finds
 * whatever else was not told.
 */
export interface Interest {
  /** A room was opened here, or closed. */
  changed(tenantId: string, roomId: string, isOpen: boolean): void;
  /** Might another gateway want to be told of the event? */
  isWanted(tenantId: string, event: LogEvent): boolean;
  /** What other gateways said may have been missed. */
  resync(): void;
  stop(): void;
}

export interface InterestOptions {
  readonly self: string;
  readonly bus: Bus;
  readonly timers: Timers;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Are the others heard? */
  readonly isListening: () => boolean;
  /** Look now what was committed. */
  readonly lookAgain: () => void;
  readonly counters: Pick<Counters, "eventsTold" | "eventsUntold">;
}

/** Milliseconds after which word of a room that was opened here has come to the others, unless they are in trouble. */
export const wordMs = 50;
/** Milliseconds for which a room is told of to all after its members changed: some may be connected anywhere. */
export const recentMs = 5000;
const place = "rooms";

export const createInterest = (options: InterestOptions): Interest => {
  const { self, bus, timers, now, isListening, lookAgain, counters } = options;
  const view = createPresenceView(() => undefined);
  const replica = createPresenceReplica({
    ...{ self, view, timers, now },
    send: (message) => bus.send("interest", message),
  });
  bus.on("interest", (message) => replica.hear(message as PresenceMessage));
  const recent = createRecentRooms(recentMs, now);
  let certainAt = Infinity;
  let look: unknown;
  let openedSince = false;

  const isInDoubt = (): boolean => !isListening() || now() < certainAt || !replica.isComplete();

  const isWanted = (tenantId: string, event: LogEvent): boolean => {
    const room = `${tenantId}/${event.roomId}`;
    // Whoever came or goes may be connected anywhere; and the gateway that opens the room for them says so in a moment.
    if (event.type === "participants.changed") recent.add(room);
    if (isInDoubt()) return true;
    if (replica.peers() === 0) return false;
    return recent.has(room) || view.hasBeside(self, place, toRoomGroup(room));
  };

  const lookSoon = (): void => {
    openedSince = look !== undefined;
    look ??= timers.setTimeout(() => {
      look = undefined;
      lookAgain();
      if (openedSince) lookSoon();
    }, wordMs);
  };

  return {
    changed(tenantId, roomId, isOpen) {
      const group = toRoomGroup(`${tenantId}/${roomId}`);
      if (!isOpen) {
        replica.leave(place, group);
        return;
      }
      replica.enter(place, group);
      const isNew = replica.count(place, group) === 1;
      if (isNew && (isInDoubt() || replica.peers() > 0)) lookSoon();
    },
    isWanted(tenantId, event) {
      const wanted = isWanted(tenantId, event);
      if (wanted) counters.eventsTold++;
      else counters.eventsUntold++;
      return wanted;
    },
    resync() {
      certainAt = now() + leaseMs;
      replica.resync();
    },
    stop() {
      timers.clearTimeout(look);
      replica.stop();
    },
  };
};
