import { createAudiences } from "./audiences.ts";
import type { ChatServer, ChatSocket } from "./io.ts";
import type { Line, RawSocket } from "./line.ts";
import { isIdle, lineOf } from "./line.ts";
import type { Counters } from "../telemetry/counters.ts";

/**
 * Sends events to many sockets of this gateway. A packet is encoded once; to an idle WebSocket its finished frame is
 * written straight away, past the packet objects that Engine.IO makes for each client. A socket that is not idle
 * (something waits before it, it polls, it is being upgraded) gets the packet the ordinary way, so the order stays.
 *
 * What is emitted in one turn of the event loop goes out at its end: events to the same sockets one after the other
 * become one write for each, and what remains for a socket leaves in one system call. Who gets an event is settled when
 * it is emitted, whoever comes or goes until the end of the turn.
 */
export interface Broadcast {
  /** To the sockets of a channel, but for those that are in `exceptChannel` as well. */
  emit(channel: string, event: string, payload: unknown, exceptChannel: string): void;
  emitTo(socket: ChatSocket, event: string, payload: unknown): void;
  /** Sends now what this turn has emitted so far: something is about to happen to a socket that must come after it. */
  flush(): void;
}

export const createBroadcast = (io: ChatServer, counters: Pick<Counters, "deliveries">): Broadcast => {
  const findAudience = createAudiences(io);
  let runs: Run[] = [];

  const flush = (): void => {
    const sending = runs;
    runs = [];
    for (const { audience, packets } of sending) counters.deliveries += audience.length * packets.length;
    if (sending.length > 1) sendTogether(sending);
    else for (const run of sending) send(run, (raw, frames) => void raw.write(frames));
  };

  const begin = (run: Run): void => {
    if (runs.push(run) === 1) setImmediate(flush);
  };

  return {
    emit(channel, event, payload, exceptChannel) {
      const audience = findAudience(channel, exceptChannel);
      if (audience.length === 0) return;
      const last = runs.at(-1);
      // The same list means that nobody has come or gone since.
      if (last?.audience === audience) last.packets.push(toPacket(event, payload));
      else begin({ audience, packets: [toPacket(event, payload)] });
    },
    emitTo(socket, event, payload) {
      begin({ audience: [lineOf(socket)], packets: [toPacket(event, payload)] });
    },
    flush,
  };
};

/** Events to the same sockets, one after the other. */
interface Run {
  readonly audience: readonly Line[];
  readonly packets: string[];
}

const send = ({ audience, packets }: Run, write: (raw: RawSocket, frames: Buffer) => void): void => {
  const frames = toFrames(packets);
  for (const line of audience) {
    if (isIdle(line)) write(line.raw, frames);
    else (line.socket.client as unknown as EngineWriter).writeToEngine(packets, { preEncoded: true });
  }
};

/** Sends several runs, holding back each socket's bytes until it has all of them. */
const sendTogether = (runs: readonly Run[]): void => {
  const corked: RawSocket[] = [];
  for (const run of runs) {
    send(run, (raw, frames) => {
      if (raw.writableCorked === 0) {
        raw.cork();
        corked.push(raw);
      }
      raw.write(frames);
    });
  }
  for (const raw of corked) raw.uncork();
};

interface EngineWriter {
  writeToEngine(packets: readonly string[], options: { readonly preEncoded: boolean }): void;
}

/** Engine.IO packet type 4, and Socket.IO packet type 2 in the default namespace. */
const messagePacket = "4";
const eventPacket = "2";

const toPacket = (event: string, payload: unknown): string => `${eventPacket}${JSON.stringify([event, payload])}`;

/** A text frame for each packet, final and unmasked (RFC 6455, section 5.2), one after the other. */
const toFrames = (packets: readonly string[]): Buffer =>
  packets.length === 1 ? toFrame(packets[0] ?? "") : Buffer.concat(packets.map(toFrame));

const toFrame = (packet: string): Buffer => {
  const text = `${messagePacket}${packet}`;
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + bytes);
  frame[0] = 0x81;
  if (headBytes === 2) frame[1] = bytes;
  else if (headBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, headBytes);
  return frame;
};
