import type { DownEventName, DownEvents } from "@sendsar/protocol/events/down";
import type { Message } from "@sendsar/protocol/objects/message";
import type { Counters } from "../telemetry/counters.ts";
import { roomChannel, userChannel } from "./channels.ts";
import { createBroadcast } from "./broadcast.ts";
import type { Bus, Signal } from "./cluster/bus.ts";
import type { ChatServer, ChatSocket } from "./io.ts";
import { createReadMarks } from "./read-marks.ts";
import { createTypists } from "./typists.ts";

/**
 * The only place that sends to clients. Room events go to all sockets of all participants, joined or not, the actor's
 * own included: after a reconnect clients send no `join-room`, and some paint only what comes back (contract 4.3, 5.1).
 * A socket gets what it is sent here in the order in which it was given.
 */
export interface Fanout {
  /** To one socket. */
  toSocket<E extends DownEventName>(socket: ChatSocket, event: E, payload: DownEvents[E]): void;
  /** To the sockets of a channel that are connected here. */
  toChannel<E extends DownEventName>(channel: string, event: E, payload: DownEvents[E]): void;
  /** A message, to its room's participants who are connected here. */
  message(tenantId: string, message: Message): void;
  /** To a room's participants on every gateway, all but the one who types. */
  typing(tenantId: string, typing: DownEvents["typing"]): void;
  /** To a room's participants on every gateway; nobody hears of a pointer that is behind what was heard before. */
  roomRead(tenantId: string, read: DownEvents["room-read"]): void;
  /** The user is gone: whoever still sees it typing is told that it stopped. */
  userGone(tenantId: string, userId: string): void;
}

export const createFanout = (io: ChatServer, bus: Bus, counters: Pick<Counters, "deliveries">): Fanout => {
  const typists = createTypists();
  const readMarks = createReadMarks();

  const { emit, emitTo, flush } = createBroadcast(io, counters);

  const emitTyping = (signal: Signal): void => {
    const [channel, , payload, except] = signal;
    const { userId, isTyping } = payload as DownEvents["typing"];
    typists.set(channel, userId, isTyping);
    emit(channel, "typing", payload, except);
  };

  const emitRead = ([channel, , payload]: Signal): void => {
    const read = payload as DownEvents["room-read"];
    if (readMarks.advance(channel, read.userId, read.lastReadAt)) emit(channel, "room-read", read, "");
  };

  const here = (signal: Signal): void => {
    const [channel, event, payload, except] = signal;
    if (event === "typing") emitTyping(signal);
    else if (event === "room-read") emitRead(signal);
    else emit(channel, event, payload, except);
  };
  const everywhere = (signal: Signal): void => {
    here(signal);
    bus.send("signal", signal);
  };
  bus.on("signal", here);

  const typingSignal = (tenantId: string, typing: DownEvents["typing"]): Signal => [
    roomChannel(tenantId, typing.roomId),
    "typing",
    typing,
    userChannel(tenantId, typing.userId),
  ];

  return {
    toSocket(socket, event, payload) {
      emitTo(socket, event, payload);
      // It may be the last that a socket hears before it is cut.
      if (event === "error") flush();
    },
    toChannel: (channel, event, payload) => emit(channel, event, payload, ""),
    message(tenantId, message) {
      const { roomId, senderId: userId } = message;
      const channel = roomChannel(tenantId, roomId);
      // Before the message, so that nobody is shown typing below what it has just written.
      if (typists.has(channel, userId)) emitTyping(typingSignal(tenantId, { roomId, userId, isTyping: false }));
      emit(channel, "new-message", message, "");
    },
    typing(tenantId, typing) {
      const signal = typingSignal(tenantId, typing);
      // A message of the typist has told everybody already that it stopped.
      if (typing.isTyping || typists.has(signal[0], typing.userId)) everywhere(signal);
    },
    roomRead: (tenantId, read) => everywhere([roomChannel(tenantId, read.roomId), "room-read", read, ""]),
    userGone(tenantId, userId) {
      for (const channel of typists.channelsOf(userId)) {
        const [, roomId] = /^[^/]+\/room\/(.+)$/.exec(channel) ?? [];
        if (roomId === undefined || channel !== roomChannel(tenantId, roomId)) continue;
        emitTyping(typingSignal(tenantId, { roomId, userId, isTyping: false }));
      }
    },
  };
};
