import { limits } from "@sendsar/protocol/limits";
import { ChatError } from "../chat/chat-error.ts";
import type { Credentials } from "../chat/credentials.ts";
import type { Presence } from "./presence.ts";
import type { ChatSocket, SocketData } from "./io.ts";

/**
 * Lets a socket in by the session token in `auth.token`. An API key never opens a socket: it would sit in a client. The
 * refusal's message is what the client shows (contract 5.1).
 */
export const createHandshake =
  (credentials: Credentials, presence: Presence) =>
  (socket: ChatSocket, next: (error?: Error) => void): void => {
    const admit = async (): Promise<void> => {
      const token: unknown = socket.handshake.auth["token"];
      if (typeof token !== "string" || token === "") throw new ChatError("unauthorized");
      if (token.startsWith("sk_")) throw new ChatError("session_required");
      const { tenantId, userId, expiresAt } = await credentials.requireSession(token);
      if (presence.socketsOf(tenantId, userId) >= limits.socketsPerUserMax) throw new ChatError("rate_limited");
      Object.assign(socket.data, { tenantId, userId, expiresAt, typingRooms: new Set() } satisfies SocketData);
    };
    admit().then(
      () => next(),
      (error: unknown) => next(toConnectError(error)),
    );
  };

/** Sent as `connect_error` with `message` and `data.code`; what failed inside stays inside. */
const toConnectError = (error: unknown): Error => {
  const refusal = error instanceof ChatError ? error : new ChatError("database_unavailable", { cause: error });
  return Object.assign(new Error(refusal.message), { data: { code: refusal.code } });
};
