import { setTimeout as wait } from "node:timers/promises";
import type { Socket } from "socket.io-client";
import { io } from "socket.io-client";
import type { CrowdNews, CrowdOrder } from "./crowd.ts";

// The process of a crowd: plain Socket.IO clients with their own reconnection, as the published ones are. What happens to them it
// tells over its channel, and ends with it.

const sockets: Socket[] = [];
const closing = new AbortController();

const gather = async ({ origin, tokens, connectsPerSecond }: CrowdOrder): Promise<void> => {
  const startedAt = performance.now();
  for (const [index, token] of tokens.entries()) {
    const dueAt = startedAt + (index * 1000) / connectsPerSecond;
    await wait(Math.max(0, dueAt - performance.now()));
    if (closing.signal.aborted) return;
    sockets.push(openSocket(origin, token, index));
  }
};

const openSocket = (origin: string, token: string, index: number): Socket => {
  const socket = io(origin, { auth: { token }, transports: ["websocket", "polling"], forceNew: true });
  socket.on("connect", () => tell({ socket: index, what: "connected" }));
  socket.on("disconnect", (reason) => tell({ socket: index, what: "lost", reason }));
  socket.on("connect_error", ({ message }) => {
    // Socket.IO tries again by itself, except after a refusal by the server.
    if (!socket.active) tell({ socket: index, what: "refused", reason: message });
  });
  return socket;
};

const tell = (news: Omit<CrowdNews, "at">): void => {
  process.send?.({ ...news, at: performance.timeOrigin + performance.now() } satisfies CrowdNews);
};

process.once("message", (order: CrowdOrder) => void gather(order));
process.once("disconnect", () => {
  closing.abort();
  // Nobody is there to be told.
  for (const socket of sockets) socket.off().disconnect();
});
