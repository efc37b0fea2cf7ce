import type { DownEventName, DownEvents } from "@sendsar/protocol/events/down";
import type { Announcer } from "../chat/announcer.ts";
import { openRoomChannel, roomChannel, tenantChannel, userChannel } from "./channels.ts";
import type { ChatServer, ChatSocket } from "./io.ts";

/**
 * The only place that sends to clients. Room events go to all sockets of all participants, joined or not, the actor's
 * own included: after a reconnect clients send no `join-room`, and some paint only what comes back (contract 4.3, 5.1).
 * A socket gets the messages of a room in the order in which they are given here.
 */
export interface Fanout extends Announcer {
  /** To one socket. */
  toSocket<E extends DownEventName>(socket: ChatSocket, event: E, payload: DownEvents[E]): void;
  /** To all sockets of a tenant but one. */
  toTenant<E extends DownEventName>(tenantId: string, event: E, payload: DownEvents[E], except?: ChatSocket): void;
  /** To the sockets that have a room open, but one. */
  toOpenRoom<E extends DownEventName>(tenantId: string, roomId: string, event: E, payload: DownEvents[E]): void;
  /** Tells a room's participants, all but the one who types. */
  typing(tenantId: string, typing: DownEvents["typing"]): void;
}

export const createFanout = (io: ChatServer): Fanout => {
  const emit = <E extends DownEventName>(
    channel: string,
    event: E,
    payload: DownEvents[E],
    except: string | string[] = [],
  ): void => {
    io.local
      .to(channel)
      .except(except)
      .emit(event, ...([payload] as never));
  };
  const socketIdsIn = (channel: string): string[] => [...(io.sockets.adapter.rooms.get(channel) ?? [])];
  /** Forgets what the sockets of a user said about typing in a room. Answers whether one had. */
  const forgetTyping = (tenantId: string, userId: string, roomId: string): boolean => {
    const socketIds = socketIdsIn(userChannel(tenantId, userId));
    const forgotten = socketIds.map((id) => io.sockets.sockets.get(id)?.data.typingRooms.delete(roomId));
    return forgotten.includes(true);
  };
  const typing = (tenantId: string, payload: DownEvents["typing"]): void =>
    emit(roomChannel(tenantId, payload.roomId), "typing", payload, userChannel(tenantId, payload.userId));
  return {
    toSocket: (socket, event, payload) => void socket.emit(event, ...([payload] as never)),
    toTenant: (tenantId, event, payload, except) =>
      emit(tenantChannel(tenantId), event, payload, except ? [except.id] : []),
    toOpenRoom: (tenantId, roomId, event, payload) => emit(openRoomChannel(tenantId, roomId), event, payload),
    typing,
    messagesStored(tenantId, messages) {
      for (const message of messages) {
        const { roomId, senderId: userId } = message;
        // Before the message, so that nobody is shown typing below what it has just written.
        if (forgetTyping(tenantId, userId, roomId)) typing(tenantId, { roomId, userId, isTyping: false });
        emit(roomChannel(tenantId, roomId), "new-message", message);
      }
    },
    roomCreated(tenantId, roomId, userIds) {
      const [actorUserId = ""] = userIds;
      for (const targetUserId of userIds) {
        const user = userChannel(tenantId, targetUserId);
        // By id, not by `socketsJoin`: that passes over sockets that are in their groups and not yet connected.
        for (const id of socketIdsIn(user))
          void io.sockets.adapter.addAll(id, new Set([roomChannel(tenantId, roomId)]));
        emit(user, "room-participants-changed", { roomId, action: "joined", actorUserId, targetUserId });
      }
    },
    roomRead: (tenantId, read) => emit(roomChannel(tenantId, read.roomId), "room-read", read),
  };
};
