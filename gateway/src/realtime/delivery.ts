import type { FileLinks } from "../files/links.ts";
import type { LogEvent, MembershipChange, News } from "../store/log.ts";
import type { Bus, Doorbell, DoorbellRinger } from "./cluster/bus.ts";
import { roomChannel, userChannel } from "./channels.ts";
import { toDownEvent, toParticipantsChanged } from "./down-event.ts";
import type { Fanout } from "./fanout.ts";
import type { Feed } from "./feed/feed.ts";
import { linkEvent } from "./file-links.ts";
import type { Groups } from "./groups.ts";
import type { Interest } from "./interest/interest.ts";
import type { Presence } from "./presence/presence.ts";

/**
 * Brings the events of the log to the sockets of this gateway. Whatever way the gateway learns of an event, it goes
 * through the feed, which puts it in its place; what the feed hands out is told to the room, and a change of membership
 * takes effect exactly there: who was removed gets nothing that comes after.
 */
export interface Delivery {
  /** Events that this gateway committed. */
  committed(tenantId: string, events: readonly LogEvent[]): void;
  /** What the log told. */
  news(news: News): void;
}

export interface DeliveryOptions {
  readonly feed: Feed;
  readonly groups: Groups;
  readonly bus: Bus;
  readonly ringer: DoorbellRinger;
  readonly interest: Pick<Interest, "isWanted">;
}

export const createDelivery = ({ feed, groups, bus, ringer, interest }: DeliveryOptions): Delivery => {
  /** A member who is connected here came into a room: its events concern us from this one on. */
  const openForNewMembers = (tenantId: string, roomId: string, seq: number, change: MembershipChange): void => {
    if (change.action !== "joined" || feed.isOpen(tenantId, roomId)) return;
    // The log tells of it once more, when the members who saw it have gone again.
    if (feed.isPast(tenantId, roomId, seq)) return;
    const here = change.targetUserIds.some((userId) => groups.socketIdsOf(tenantId, userId).length > 0);
    if (here) feed.open(tenantId, roomId, seq - 1);
  };

  const offer = (tenantId: string, events: readonly LogEvent[]): void => {
    for (const event of events) {
      // One by one: the event before may have closed the room.
      if (event.type === "participants.changed") openForNewMembers(tenantId, event.roomId, event.seq, event.change);
      feed.offer(tenantId, [event]);
    }
  };

  bus.on("doorbell", (doorbells: readonly Doorbell[]) => {
    for (const [tenantId, roomId, seq, text] of doorbells) {
      const concernsUs = feed.isOpen(tenantId, roomId) || text.includes('"participants.changed"');
      if (concernsUs && text !== "") offer(tenantId, JSON.parse(text) as LogEvent[]);
      else feed.hear(tenantId, roomId, seq);
    }
  });

  return {
    committed(tenantId, events) {
      offer(tenantId, events);
      ringer.ring(
        tenantId,
        events.filter((event) => interest.isWanted(tenantId, event)),
      );
    },
    news({ rooms, changes }) {
      for (const { tenantId, roomId, seq, change } of changes) openForNewMembers(tenantId, roomId, seq, change);
      for (const { tenantId, roomId, seq } of rooms) feed.hear(tenantId, roomId, seq);
    },
  };
};

/**
 * Tells the sockets of this gateway of one event, in its place in the room's order. `onMembers` is told when it has
 * brought members who are connected here into the room, which may have been empty until then.
 */
export const createDeliverer =
  (
    fanout: Fanout,
    groups: Groups,
    presence: Presence,
    onMembers: (tenantId: string, roomId: string, seq: number) => void,
    links?: FileLinks,
  ) =>
  (tenantId: string, logged: LogEvent): void => {
    const event = linkEvent(links, tenantId, logged);
    if (event.type === "message.created") {
      fanout.message(tenantId, event.message);
      return;
    }
    const { roomId, seq } = event;
    const inRoom = roomChannel(tenantId, roomId);
    if (event.type !== "participants.changed") {
      const told = toDownEvent(event);
      if (told) fanout.toChannel(inRoom, told.event, told.payload);
      return;
    }
    const { action, targetUserIds } = event.change;
    if (action === "joined") {
      for (const userId of targetUserIds) groups.moveUser(tenantId, userId, roomId, true, seq);
      if (targetUserIds.some((userId) => groups.socketIdsOf(tenantId, userId).length > 0)) {
        onMembers(tenantId, roomId, seq);
      }
    }
    for (const userId of targetUserIds) {
      const told = toParticipantsChanged(event, userId);
      // Who was removed is still in the room.
      fanout.toChannel(targetUserIds.length > 1 ? userChannel(tenantId, userId) : inRoom, told.event, told.payload);
    }
    if (action === "joined") return;
    for (const userId of targetUserIds) {
      presence.closeRoomFor(tenantId, roomId, userId);
      groups.moveUser(tenantId, userId, roomId, false, seq);
    }
  };
