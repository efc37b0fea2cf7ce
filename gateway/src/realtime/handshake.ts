import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import { ChatError } from "../chat/chat-error.ts";
import type { ChatDeps } from "../chat/deps.ts";
import { listRoomIdsOf } from "../store/rooms.ts";
import { roomChannel, tenantChannel, userChannel } from "./channels.ts";
import type { ChatSocket, SocketData } from "./io.ts";
import type { Presence } from "./presence.ts";

export interface HandshakeOptions {
  readonly deps: Pick<ChatDeps, "db" | "credentials">;
  readonly presence: Presence;
  readonly logger: Logger;
}

/**
 * Lets a socket in by the session token in `auth.token`. An API key never opens a socket: it would sit in a client. The
 * refusal's message is what the client shows (contract 5.1). A socket is in all its groups before its client hears
 * that it is connected, so nothing that is announced after that is missed.
 */
export const createHandshake =
  ({ deps, presence, logger }: HandshakeOptions) =>
  (socket: ChatSocket, next: (error?: Error) => void): void => {
    const admit = async (): Promise<void> => {
      const token: unknown = socket.handshake.auth["token"];
      if (typeof token !== "string" || token === "") throw new ChatError("unauthorized");
      if (token.startsWith("sk_")) throw new ChatError("session_required");
      const { tenantId, userId, expiresAt } = await deps.credentials.requireSession(token);
      if (presence.socketsOf(tenantId, userId) >= limits.socketsPerUserMax) throw new ChatError("rate_limited");
      Object.assign(socket.data, { tenantId, userId, expiresAt, typingRooms: new Set() } satisfies SocketData);
      await joinGroups(deps, socket);
    };
    admit().then(
      () => next(),
      (error: unknown) => {
        if (!(error instanceof ChatError)) logger.error({ err: error }, "unable to let a socket in");
        next(toConnectError(error));
      },
    );
  };

/** The user's group first: a room that is made while the user's rooms are looked up is joined through it. */
const joinGroups = async ({ db }: Pick<ChatDeps, "db">, socket: ChatSocket): Promise<void> => {
  const { tenantId, userId } = socket.data;
  await socket.join([tenantChannel(tenantId), userChannel(tenantId, userId)]);
  const roomIds = await listRoomIdsOf(db, tenantId, userId, limits.userRoomsMax);
  await socket.join(roomIds.map((roomId) => roomChannel(tenantId, roomId)));
};

/** Sent as `connect_error` with `message` and `data.code`; what failed inside stays inside. */
const toConnectError = (error: unknown): Error => {
  const refusal = error instanceof ChatError ? error : new ChatError("database_unavailable", { cause: error });
  return Object.assign(new Error(refusal.message), { data: { code: refusal.code } });
};
