import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";

/** A WebSocket of which a test writes every byte of every frame: for what no client library sends. */
export interface RawFrames extends Disposable {
  /** Resolves once the connection is closed, by whom ever; a frame that closes it is heeded. */
  readonly closed: Promise<void>;
  /** All that came, as it came. */
  readonly received: readonly Buffer[];
  /** Sends one frame. `final: false` with opcode 1 begins a message, opcode 0 goes on with it. */
  send(opcode: number, payload: string, final?: boolean): void;
}

/** Asks for the upgrade, with more in the query when given. Throws when it is refused. */
export const openRawFrames = async (url: string, query = ""): Promise<RawFrames> => {
  const { hostname, port } = new URL(url);
  const call = request({
    hostname,
    port,
    path: `/socket.io/?EIO=4&transport=websocket${query}`,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  call.end();
  const [response, socket] = (await Promise.race([
    once(call, "upgrade"),
    once(call, "response").then(([answer]) => {
      throw new Error(`unable to open a WebSocket; ${(answer as { statusCode: number }).statusCode}`);
    }),
  ])) as [unknown, Socket];
  if (!response) throw new Error("unable to open a WebSocket; there was no answer");
  // What the gateway cuts is cut on purpose.
  socket.on("error", () => undefined);
  // Not by `once` of node:events: an error before it would reject.
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const received: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => {
    received.push(bytes);
    if (bytes[0] === closeFrame) socket.destroy();
  });
  return {
    closed,
    received,
    send: (opcode, payload, final = true) => void socket.write(toFrame(opcode, payload, final)),
    [Symbol.dispose]: () => void socket.destroy(),
  };
};

/** First byte of a frame that closes the connection. */
export const closeFrame = 0x88;

/** A frame as clients send it: masked. */
const toFrame = (opcode: number, payload: string, final: boolean): Buffer => {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const length =
    bytes.length < 126
      ? Buffer.from([0x80 | bytes.length])
      : bytes.length < 65_536
        ? Buffer.from([0x80 | 126, bytes.length >> 8, bytes.length & 255])
        : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), uint32(bytes.length)]);
  const masked = bytes.map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode]), length, mask, masked]);
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
