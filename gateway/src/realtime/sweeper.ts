import { limits } from "@sendsar/protocol/limits";
import type { Fanout } from "./fanout.ts";
import type { ChatServer, ChatSocket } from "./io.ts";
import type { Timers } from "./timers.ts";
import { backlogOf, cutOff, sendAway } from "./transport.ts";

/**
 * Looks at every socket once a second and cuts those that may not stay: whose session is over, and who does not read
 * what they are sent; and sends away to come back those that have stayed for long enough. Socket.IO keeps what a client
 * does not read without a bound; a client that is cut comes back and catches up.
 */
export interface Sweeper {
  stop(): void;
}

export interface SweeperOptions {
  readonly io: ChatServer;
  readonly fanout: Pick<Fanout, "toSocket">;
  readonly timers: Timers;
  readonly now: () => Date;
  readonly onSlowConsumer: (socket: ChatSocket) => void;
  readonly onAged: () => void;
}

const sweepMs = 1000;

/** When a socket that comes now is to go: ± 10 %, because sockets that came together shall not go together. */
export const toLeavingTime = (nowMs: number, ageMsMax = Infinity, random = Math.random): number =>
  nowMs + ageMsMax * (0.9 + random() / 5);

export const startSweeper = ({ io, fanout, timers, now, onSlowConsumer, onAged }: SweeperOptions): Sweeper => {
  /** Since when, and at how many bytes, a socket's backlog has not shrunk. */
  const stalled = new WeakMap<ChatSocket, { readonly since: number; readonly bytes: number }>();
  let timer: unknown;

  const isSlow = (socket: ChatSocket, at: number): boolean => {
    const { packets, bytes } = backlogOf(socket);
    if (packets > limits.socketBacklogPacketsMax || bytes > limits.socketBacklogBytesMax) return true;
    const before = stalled.get(socket);
    if (bytes === 0 || (before && bytes < before.bytes)) {
      stalled.delete(socket);
      return false;
    }
    if (!before) stalled.set(socket, { since: at, bytes });
    return before !== undefined && at - before.since > limits.socketStalledMsMax;
  };

  const sweep = (): void => {
    const at = now().getTime();
    for (const socket of io.of("/").sockets.values()) {
      if (at > (socket.data.expiresAt + limits.sessionLeewaySeconds) * 1000) {
        fanout.toSocket(socket, "error", { message: "Session expired", code: "token_expired" });
        socket.disconnect(true);
      } else if (isSlow(socket, at)) {
        onSlowConsumer(socket);
        cutOff(socket);
      } else if (at > socket.data.leavesAtMs) {
        onAged();
        sendAway(socket);
      }
    }
    timer = timers.setTimeout(sweep, sweepMs);
  };

  timer = timers.setTimeout(sweep, sweepMs);
  return { stop: () => timers.clearTimeout(timer) };
};
