import type { DownEvents } from "@sendsar/protocol/events/down";
import { limits } from "@sendsar/protocol/limits";
import { validate as isUuid } from "uuid";
import type { LogEvent } from "../../store/log.ts";
import { readMissed } from "../../store/log.ts";
import type { Handler } from "../handlers.ts";

type ResumedRoom = DownEvents["resumed"]["rooms"][number];

/**
 * Gives a client what it missed while it was away. It is already in the groups of its rooms, so what is committed after
 * the reading comes live; an event may come both ways, and its `seq` tells.
 */
export const resume: Handler<"resume"> = async ({ deps, fanout }, { socket, tenantId, userId }, { rooms }) => {
  const positions = Object.entries(rooms).filter(([roomId]) => isUuid(roomId));
  const { memberOf, missed } = await readMissed(deps.db, tenantId, userId, positions, limits.resumeRoomEventsMax);
  const lost = Object.keys(rooms).filter((roomId) => !memberOf.has(roomId));
  const answers: ResumedRoom[] = [
    ...lost.map((roomId) => ({ roomId, reset: true, events: [] })),
    ...missed.map(({ roomId, events }) =>
      events ? { roomId, reset: false, events: events.flatMap(toEvents) } : { roomId, reset: true, events: [] },
    ),
  ];
  const frames = toFrames(answers);
  for (const [index, frame] of frames.entries()) {
    fanout.toSocket(socket, "resumed", { rooms: frame, more: index < frames.length - 1 });
  }
};

/** An event as it would have come live. */
const toEvents = (event: LogEvent): ResumedRoom["events"] => {
  const { roomId, seq } = event;
  if (event.type === "message.created") return [{ seq, event: "new-message", payload: event.message }] as never;
  if (event.type === "unknown") return [];
  const { action, actorUserId, targetUserIds } = event.change;
  return targetUserIds.map((targetUserId) => ({
    seq,
    event: "room-participants-changed",
    payload: { roomId, action, actorUserId, targetUserId, seq },
  }));
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
