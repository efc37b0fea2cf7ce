import { setTimeout as wait } from "node:timers/promises";
import type { ChatServer, ChatSocket } from "./io.ts";
import { sendAway } from "./transport.ts";

/**
 * Sends all sockets away so that they come back elsewhere, evenly spread over `spreadMs`: those who take them do not get all at
 * once. Nobody may be let in any more when it begins; who was on the way in then goes at the end.
 */
export const drainSockets = async (io: ChatServer, spreadMs: number, onSentAway: () => void): Promise<void> => {
  const { sockets } = io.of("/");
  const leaving = [...sockets.values()];
  const send = (some: readonly ChatSocket[]): void => {
    for (const socket of some.filter(({ connected }) => connected)) {
      sendAway(socket);
      onSentAway();
    }
  };
  const slices = Math.max(1, Math.min(leaving.length, Math.floor(spreadMs / sliceMsMin)));
  const startedAt = performance.now();
  for (let slice = 0; slice < slices; slice++) {
    if (slice > 0) await wait(Math.max(0, startedAt + (slice * spreadMs) / slices - performance.now()));
    const [from, to] = [slice, slice + 1].map((at) => Math.round((at * leaving.length) / slices));
    send(leaving.slice(from, to));
  }
  const known = new Set(leaving);
  send([...sockets.values()].filter((socket) => !known.has(socket)));
};

/** Milliseconds between two slices at least. */
const sliceMsMin = 20;
