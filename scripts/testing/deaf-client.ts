import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect } from "node:net";

/** A client that entered the namespace and has stopped reading since: what it is sent piles up on its way. */
export interface DeafClient extends Disposable {
  /** True once the gateway has ended the connection, which shows only when something is written to it. */
  isCut(): boolean;
  /** Reads again; answers with what had been on its way, as text. */
  readOn(): Promise<string>;
}

/** Connects over a WebSocket with a session token, waits until it is served, and goes deaf. */
export const connectDeafClient = async (url: string, token: string): Promise<DeafClient> => {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let closed = false;
  socket.on("error", () => (closed = true)).on("close", () => (closed = true));
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  await readUntil(socket, "\r\n\r\n");
  socket.write(toMaskedFrame(`40${JSON.stringify({ token })}`));
  await readUntil(socket, "tenant-presence-snapshot");
  socket.pause();
  return {
    isCut() {
      // A reset answers what is written to a connection that the other side has destroyed. This is an empty pong.
      if (!closed) socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
      return closed;
    },
    async readOn() {
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.resume();
      if (!closed) await once(socket, "close");
      return Buffer.concat(chunks).toString("latin1");
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
};

const readUntil = (socket: Socket, mark: string): Promise<void> =>
  new Promise((resolve, reject) => {
    let text = "";
    const timeout = setTimeout(() => reject(new Error(`no ${mark} within 5 s; received ${text.slice(0, 500)}`)), 5000);
    const look = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      if (!text.includes(mark)) return;
      clearTimeout(timeout);
      socket.off("data", look);
      resolve();
    };
    socket.on("data", look);
  });

/** A text frame as clients send it (RFC 6455, section 5.2), with a mask of zeros. */
const toMaskedFrame = (text: string): Buffer => {
  const body = Buffer.from(text);
  const head = body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
};
