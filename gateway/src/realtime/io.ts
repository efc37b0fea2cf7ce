import { limits } from "@sendsar/protocol/limits";
import type { DownEvents } from "@sendsar/protocol/events/down";
import type { UpEvents } from "@sendsar/protocol/events/up";
import type { Socket } from "socket.io";
import { Server } from "socket.io";

/** What the gateway knows of a socket: a user of a tenant, and when its session began and ends. */
export interface SocketData {
  readonly tenantId: string;
  readonly userId: string;
  /** When its token was minted, in milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** When it is sent away because it is old, in milliseconds since the epoch; `Infinity`: never. */
  readonly leavesAtMs: number;
  /** Rooms in which this socket said that its user types. */
  readonly typingRooms: Set<string>;
}

type Listeners<Events> = { [K in keyof Events]: (payload: Events[K]) => void };
type Io = Server<Listeners<UpEvents>, Listeners<DownEvents>, Record<string, never>, SocketData>;
export type ChatServer = Io;
export type ChatSocket = Socket<Listeners<UpEvents>, Listeners<DownEvents>, Record<string, never>, SocketData>;

/**
 * Socket.IO, to be attached to the gateway's HTTP server: one fixed namespace, at the origin's default path (contract 1). A frame is
 * bounded, nothing is compressed, and who opens a connection without entering the namespace is cut off.
 */
export const createIo = (transports: readonly ("websocket" | "polling")[]): ChatServer =>
  new Server({
    transports: [...transports],
    cors: { origin: "*", methods: ["GET", "POST"], allowedHeaders: ["authorization", "content-type"] },
    serveClient: false,
    maxHttpBufferSize: limits.socketFrameBytesMax,
    connectTimeout: limits.socketConnectMsMax,
    httpCompression: false,
    perMessageDeflate: false,
    // A secret in a URL ends up in logs: refuse it even when it would be valid.
    allowRequest: (request, decide) => {
      const query = new URL(request.url ?? "/", "http://localhost").searchParams;
      const hasSecret = ["token", "apiKey", "api_key", "x-api-key"].some((name) => query.has(name));
      decide(hasSecret ? "credentials do not belong in a URL" : null, !hasSecret);
    },
  });
