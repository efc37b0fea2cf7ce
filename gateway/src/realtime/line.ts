import type { ChatSocket } from "./io.ts";

/**
 * The way from a Socket.IO socket down to its TCP socket, walked once and remembered: to a thousand clients the walk would
 * cost as much as a sixth of the writes, because none of its objects is in the processor's cache.
 */
export interface Line {
  readonly socket: ChatSocket;
  /** Undefined while the client polls. */
  transport: Transport | undefined;
  ws: WebSocketLike | undefined;
  raw: RawSocket | undefined;
}

/** The TCP socket below a WebSocket. */
export interface RawSocket {
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
  write(bytes: Buffer): boolean;
}

/** A line whose frames can be written to `raw` at once. */
export type IdleLine = Line & { readonly raw: RawSocket };

/** The line of a socket, always the same one. */
export const lineOf = (socket: ChatSocket): Line => {
  const known = lines.get(socket);
  if (known) return known;
  const line: Line = { socket, transport: undefined, ws: undefined, raw: undefined };
  lines.set(socket, line);
  return line;
};

const lines = new WeakMap<ChatSocket, Line>();

/**
 * True if nothing waits to be sent on a WebSocket, so that a frame written straight to its TCP socket keeps its place.
 * Engine.IO says `writable` when it has handed everything to `ws`, and `ws`, which compresses nothing here, has handed
 * everything on by then. A client that polls may come to have a WebSocket later.
 */
export const isIdle = (line: Line): line is IdleLine =>
  (line.raw !== undefined || walk(line)) && line.transport?.writable === true && line.ws?.readyState === open;

const open = 1;

/** Walks the line, if there is a WebSocket and no change to one is under way. */
const walk = (line: Line): boolean => {
  const { transport, upgrading } = line.socket.conn as unknown as Connection;
  const ws = transport.socket;
  if (transport.name !== "websocket" || upgrading || !ws?._socket) return false;
  line.transport = transport;
  line.ws = ws;
  line.raw = ws._socket;
  return true;
};

/** What Engine.IO's connection is made of, as far as this file looks into it. */
interface Connection {
  readonly upgrading: boolean;
  readonly transport: Transport;
}

interface Transport {
  readonly name: string;
  readonly writable: boolean;
  readonly socket?: WebSocketLike;
}

interface WebSocketLike {
  readonly readyState: number;
  readonly _socket: RawSocket | null;
}
