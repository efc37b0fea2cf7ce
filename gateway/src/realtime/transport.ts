import type { ChatSocket } from "./io.ts";

/** What Socket.IO's connections are made of, as far as we look below its interface. */
interface Connection {
  readonly writeBuffer: readonly { readonly data?: unknown }[];
  readonly transport: { readonly name: string; readonly socket?: WebSocketLike };
  request: unknown;
  close(discard?: boolean): void;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  terminate(): void;
}

const connectionOf = (socket: ChatSocket): Connection => socket.conn as unknown as Connection;

/** What a client has been sent and has not taken yet. */
export const backlogOf = (socket: ChatSocket): { readonly packets: number; readonly bytes: number } => {
  const { writeBuffer, transport } = connectionOf(socket);
  let bytes = transport.socket?.bufferedAmount ?? 0;
  for (const { data } of writeBuffer) if (typeof data === "string") bytes += data.length;
  return { packets: writeBuffer.length, bytes };
};

/**
 * Lets go of what a connected socket came with: the HTTP request and its headers, and the token. Nothing reads them any
 * more, and Socket.IO would keep them as long as the connection.
 */
export const forgetHandshake = (socket: ChatSocket): void => {
  connectionOf(socket).request = undefined;
  Object.assign(socket.handshake, { headers: {}, auth: {}, query: {} });
};

/** Ends a connection without waiting for a client that does not read. To the client it is a lost connection. */
export const cutOff = (socket: ChatSocket): void => {
  const connection = connectionOf(socket);
  if (connection.transport.socket) connection.transport.socket.terminate();
  else connection.close(true);
};

/**
 * Ends a connection so that the client comes back by itself. A Socket.IO disconnect would say that it should not:
 * published clients do not reconnect after one.
 */
export const sendAway = (socket: ChatSocket): void => connectionOf(socket).close();
