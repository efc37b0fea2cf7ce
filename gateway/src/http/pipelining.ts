import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import { limits } from "@sendsar/protocol/limits";

/**
 * Cuts a connection on which more than `pipelinedRequestsMax` requests wait for their answers, and serves none of those
 * beyond. Node hands over all requests of a connection as they come, so one that writes a thousand and reads nothing
 * would have them all served at once, and every connection of the database with them (threats H09, H13).
 */
export const limitPipelining = (serve: RequestListener): RequestListener => {
  const waiting = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    const before = waiting.get(socket) ?? 0;
    if (socket.destroyed || before >= limits.pipelinedRequestsMax) {
      socket.destroy();
      return;
    }
    waiting.set(socket, before + 1);
    response.once("close", () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    serve(request, response);
  };
};
