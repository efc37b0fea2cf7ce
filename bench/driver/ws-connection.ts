import { connect } from "node:net";
import type { Socket } from "node:net";
import { clientTextFrame, createFrameReader } from "./frames.ts";
import type { OnFrame } from "./frames.ts";

/** A WebSocket of a driver: no objects per frame, no masks to compute, one read buffer for all of them. */
export interface WsConnection {
  send(text: string): void;
  /** Stops to read, as a phone does in a tunnel; what is sent to it stays with the sender. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

export interface WsOptions {
  /** Origin of the server. */
  readonly url: string;
  readonly path: string;
  /** Text frames. The range is valid until it returns. */
  readonly onText: (bytes: Buffer, start: number, end: number) => void;
  /** The server accepted the upgrade. */
  readonly onOpen: () => void;
  /** It is over, whoever ended it; called once. */
  readonly onClose: (reason: string) => void;
}

/** All sockets of the process read into this buffer: each read is worked off before the next. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Opens one. Compression is not offered, so every subject sends plain frames. */
export const openWsConnection = ({ url, path, onText, onOpen, onClose }: WsOptions): WsConnection => {
  const { hostname, port, host } = new URL(url);
  let open = false;
  let closed = false;
  let head = "";

  const onFrame: OnFrame = (opcode, bytes, start, end) => {
    if (opcode === 1) onText(bytes, start, end);
    else if (opcode === 8) socket.destroy();
    else if (opcode === 9) socket.write(pong(bytes.subarray(start, end)));
  };
  const reader = createFrameReader(onFrame);
  const readHead = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!head.startsWith("HTTP/1.1 101")) {
      finish(`refused: ${head.slice(0, 60)}`);
      return;
    }
    open = true;
    const rest = Buffer.from(head.slice(end + 4), "latin1");
    head = "";
    onOpen();
    if (rest.length > 0) reader.read(rest);
  };
  const finish = (reason: string): void => {
    if (closed) return;
    closed = true;
    socket.destroy();
    onClose(reason);
  };

  const socket: Socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback: (bytes) => {
        const chunk = readBuffer.subarray(0, bytes);
        if (open) reader.read(chunk);
        else readHead(chunk);
        return true;
      },
    },
  });
  socket.on("error", (error) => finish(error.message));
  socket.on("close", () => finish("closed"));
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${upgradeKey}\r\n\r\n`,
  );
  return {
    send: (text) => void socket.write(clientTextFrame(text)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => void socket.destroy(),
  };
};

/** 16 bytes; nothing checks that they are random. */
const upgradeKey = Buffer.from("sendsar-bench-16").toString("base64");

const pong = (payload: Buffer): Buffer => {
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = 0x8a;
  frame[1] = 0x80 | payload.length;
  payload.copy(frame, 6);
  return frame;
};
