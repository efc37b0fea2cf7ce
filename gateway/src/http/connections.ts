import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The TCP connections of a server: those of requests, and those that became something else, in whatever state. */
export interface Connections {
  /** Ends them all without a word. */
  cut(): void;
}

/** Follows the connections of a server from now on. */
export const followConnections = (server: Server): Connections => {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    cut() {
      for (const socket of open) socket.destroy();
    },
  };
};
