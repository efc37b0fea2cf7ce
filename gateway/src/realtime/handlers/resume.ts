import type { DownEvents } from "@sendsar/protocol/events/down";
import { limits } from "@sendsar/protocol/limits";
import { validate as isUuid } from "uuid";
import type { LogEvent } from "../../store/log.ts";
import { readMissed } from "../../store/log.ts";
import { roomChannel } from "../channels.ts";
import type { DownEvent } from "../down-event.ts";
import { toDownEvent, toParticipantsChanged } from "../down-event.ts";
import { linkEvent } from "../file-links.ts";
import type { Handler } from "../handler.ts";

type ResumedRoom = DownEvents["resumed"]["rooms"][number];

/**
 * Gives a client what it missed while it was away. It is already in the groups of its rooms, so what is committed after
 * the reading comes live; an event may come both ways, and its `seq` tells.
 */
export const resume: Handler<"resume"> = async (context, { socket, tenantId, userId }, { rooms }) => {
  const { deps, fanout, fileLinks, feed, counters } = context;
  counters.catchUps++;
  // Of a room in whose group the socket is, all up to the feed's position was delivered and the rest comes live: who has
  // that much has missed nothing, and nothing need be read.
  const isBehind = ([roomId, seq]: readonly [string, number]): boolean =>
    !socket.rooms.has(roomChannel(tenantId, roomId)) || seq < (feed.position(tenantId, roomId) ?? Infinity);
  const behind = Object.entries(rooms).filter(isBehind);
  const positions = behind.filter(([roomId]) => isUuid(roomId));
  const { memberOf, missed } =
    positions.length === 0
      ? { memberOf: new Set<string>(), missed: [] }
      : await readMissed(deps.db, tenantId, userId, positions, limits.resumeRoomEventsMax);
  const lost = behind.flatMap(([roomId]) => (memberOf.has(roomId) ? [] : [roomId]));
  const answers: ResumedRoom[] = [
    ...lost.map((roomId) => ({ roomId, reset: true, events: [] })),
    ...missed.map(({ roomId, events }) => ({
      roomId,
      reset: events === undefined,
      events: (events ?? []).flatMap((event) => toEvents(linkEvent(fileLinks, tenantId, event), userId)),
    })),
  ];
  const frames = toFrames(answers);
  for (const [index, frame] of frames.entries()) {
    fanout.toSocket(socket, "resumed", { rooms: frame, more: index < frames.length - 1 });
  }
};

/** What the user is told of an event, as it would have come live. */
const toEvents = (event: LogEvent, userId: string): ResumedRoom["events"] =>
  toldOf(event, userId).map(({ event: name, payload }) => ({ seq: event.seq, event: name, payload: { ...payload } }));

const toldOf = (event: LogEvent, userId: string): DownEvent[] => {
  if (event.type !== "participants.changed") return [toDownEvent(event)].filter((told) => told !== undefined);
  const { targetUserIds } = event.change;
  const about = targetUserIds.length > 1 ? targetUserIds.filter((id) => id === userId) : targetUserIds;
  return about.map((targetUserId) => toParticipantsChanged(event, targetUserId));
};

/** Characters of one `resumed`; a room's events stay together, so it may be more. */
const frameCharsMax = 65_536;

const toFrames = (rooms: readonly ResumedRoom[]): ResumedRoom[][] => {
  const frames: ResumedRoom[][] = [[]];
  let chars = 0;
  for (const room of rooms) {
    const size = JSON.stringify(room).length;
    if (chars > 0 && chars + size > frameCharsMax) {
      frames.push([]);
      chars = 0;
    }
    frames.at(-1)?.push(room);
    chars += size;
  }
  return frames;
};
