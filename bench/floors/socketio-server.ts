import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { createPostServer } from "./post-server.ts";

/**
 * Stock Socket.IO: in-memory adapter, websocket only, broadcast to a room. A client names the rooms that it joins in
 * its token, so that nothing is looked up or verified.
 */
const server = createPostServer((message) => {
  io.to(message.roomId).emit("new-message", message);
});
const io = new Server(server, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
io.use((socket, next) => {
  const rooms = String(socket.handshake.auth["token"] ?? "").split(",");
  void socket.join(rooms);
  next();
});

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once("disconnect", () => process.exit());
