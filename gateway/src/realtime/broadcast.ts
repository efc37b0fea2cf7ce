import type { ChatServer, ChatSocket } from "./io.ts";

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

export const createBroadcast = (io: ChatServer): Broadcast => {
  const { adapter, sockets } = io.of("/");
  let runs: Run[] = [];
  let membersChanged = false;
  // Whoever joins or leaves any channel: then the next event may be for others than the last one.
  for (const change of ["join-room", "leave-room"]) adapter.on(change, () => (membersChanged = true));

  const recipients = (channel: string, exceptChannel: string): readonly ChatSocket[] => {
    const except = exceptChannel === "" ? undefined : adapter.rooms.get(exceptChannel);
    const found: ChatSocket[] = [];
    for (const id of adapter.rooms.get(channel) ?? []) {
      const socket = except?.has(id) ? undefined : sockets.get(id);
      if (socket) found.push(socket);
    }
    return found;
  };
  const flush = (): void => {
    const sending = runs;
    runs = [];
    if (sending.length > 1) sendTogether(sending);
    else for (const run of sending) send(run, (raw, frames) => void raw.write(frames));
  };

  const begin = (run: Run): void => {
    if (runs.push(run) === 1) setImmediate(flush);
  };

  return {
    emit(channel, event, payload, exceptChannel) {
      if (!adapter.rooms.has(channel)) return;
      const last = runs.at(-1);
      if (last?.channel === channel && last.exceptChannel === exceptChannel && !membersChanged) {
        last.packets.push(toPacket(event, payload));
        return;
      }
      const found = recipients(channel, exceptChannel);
      if (found.length === 0) return;
      membersChanged = false;
      begin({ channel, exceptChannel, sockets: found, packets: [toPacket(event, payload)] });
    },
    emitTo(socket, event, payload) {
      begin({ channel: undefined, exceptChannel: "", sockets: [socket], packets: [toPacket(event, payload)] });
    },
    flush,
  };
};

/** Events to the same sockets, one after the other. */
interface Run {
  /** Undefined when it is for one socket. */
  readonly channel: string | undefined;
  readonly exceptChannel: string;
  readonly sockets: readonly ChatSocket[];
  readonly packets: string[];
}

const send = ({ sockets, packets }: Run, write: (raw: RawSocket, frames: Buffer) => void): void => {
  const frames = toFrames(packets);
  for (const socket of sockets) {
    const raw = findIdleSocket(socket);
    if (raw) write(raw, frames);
    else (socket.client as unknown as EngineWriter).writeToEngine(packets, { preEncoded: true });
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

/** Engine.IO packet type 4, and Socket.IO packet type 2 in the default namespace. */
const messagePacket = "4";
const eventPacket = "2";

const toPacket = (event: string, payload: unknown): string => `${eventPacket}${JSON.stringify([event, payload])}`;

interface RawSocket {
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
  write(bytes: Buffer): boolean;
}

interface EngineWriter {
  writeToEngine(packets: readonly string[], options: { readonly preEncoded: boolean }): void;
}

/** What Engine.IO's connection is made of, as far as this file looks into it. */
interface Connection {
  readonly readyState: string;
  readonly upgrading: boolean;
  readonly writeBuffer: readonly unknown[];
  readonly transport: {
    readonly name: string;
    readonly writable: boolean;
    readonly socket?: {
      readonly readyState: number;
      readonly _socket: RawSocket | null;
      /** It keeps a queue only while its state is another than 0. */
      readonly _sender: { readonly _state: number };
    };
  };
}

/** The TCP socket below a WebSocket that has nothing else to send; undefined for all others. */
const findIdleSocket = (socket: ChatSocket): RawSocket | undefined => {
  const connection = socket.conn as unknown as Connection;
  const { transport } = connection;
  const ws = transport.socket;
  const idle =
    transport.name === "websocket" &&
    transport.writable &&
    connection.readyState === "open" &&
    !connection.upgrading &&
    connection.writeBuffer.length === 0 &&
    ws?.readyState === 1 &&
    ws._sender._state === 0;
  return idle ? (ws._socket ?? undefined) : undefined;
};

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
