import type { AddressInfo } from "node:net";
import pg from "pg";
import { WebSocket, WebSocketServer } from "ws";
import type { BenchMessage } from "./message.ts";
import { createPostServer } from "./post-server.ts";
import { toServerFrame } from "./ws-inside.ts";

/**
 * Floor of a delivery: the `ws` package and nothing else. The frame is encoded once and written to every client as it
 * is. With DATABASE_URL each message is first inserted by a prepared statement, one commit each: floor of a message
 * from end to end.
 */
const { DATABASE_URL } = process.env;

const insert = {
  name: "insert",
  text: "insert into messages (room_id, seq, message_id, sender_id, parts) values ($1, $2, $3, $4, $5)",
};

const pool = DATABASE_URL === undefined ? undefined : new pg.Pool({ connectionString: DATABASE_URL, max: 10 });

const store = async ({ id, roomId, seq, senderId, parts }: BenchMessage): Promise<void> => {
  await pool?.query({ ...insert, values: [roomId, seq, id, senderId, JSON.stringify(parts)] });
};

/** `ws` writes a finished frame to its TCP socket with this; Socket.IO's own adapter uses it too. */
interface Inside {
  readonly _sender: { sendFrame(frame: readonly Buffer[]): void };
}

const broadcast = (message: BenchMessage): void => {
  const frame = toServerFrame(`42${JSON.stringify(["new-message", message])}`);
  for (const client of sockets.clients) {
    if (client.readyState === WebSocket.OPEN) (client as unknown as Inside)._sender.sendFrame([frame]);
  }
};

const server = createPostServer((message) => {
  if (!pool) return broadcast(message);
  return store(message).then(() => broadcast(message));
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once("disconnect", () => process.exit());
