import type { DownEventName, DownEvents } from "@sendsar/protocol/events/down";
import type { LogEvent } from "../store/log.ts";

/** An event as a client gets it: its name with its payload. */
export type DownEvent = {
  readonly [K in DownEventName]: { readonly event: K; readonly payload: DownEvents[K] };
}[DownEventName];

type ParticipantsChanged = Extract<LogEvent, { readonly type: "participants.changed" }>;

/**
 * What everybody in the room is told of an event of the log, live or after a drop; undefined where there is nothing to
 * tell.
 */
export const toDownEvent = (event: Exclude<LogEvent, ParticipantsChanged>): DownEvent | undefined => {
  const { roomId, seq } = event;
  switch (event.type) {
    case "message.created":
      return { event: "new-message", payload: event.message };
    case "message.updated":
      return { event: "message-updated", payload: { ...event.message, changeSeq: seq } };
    case "participant.updated": {
      const { userId, role, actorUserId } = event;
      return { event: "participant-updated", payload: { roomId, userId, role, actorUserId, seq } };
    }
    case "room.updated":
      return { event: "room-updated", payload: { ...event.face, roomId, seq } };
    // Another gateway may be newer, and its doorbell brings what this one does not know.
    default:
      return undefined;
  }
};

/**
 * What is told of one of the users whom a change of membership is about. A change about one is told to everybody in the
 * room. One about several is the room's beginning or its end, and told to each of them alone.
 */
export const toParticipantsChanged = (
  { roomId, seq, change: { action, actorUserId } }: ParticipantsChanged,
  targetUserId: string,
): DownEvent => ({ event: "room-participants-changed", payload: { roomId, action, actorUserId, targetUserId, seq } });
