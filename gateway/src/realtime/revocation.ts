import { ChatError } from "../chat/chat-error.ts";
import type { Credentials } from "../chat/credentials.ts";
import type { News } from "../store/log.ts";
import type { Fanout } from "./fanout.ts";
import type { Groups } from "./groups.ts";
import type { ChatSocket } from "./io.ts";
import { sendAway } from "./transport.ts";

/**
 * Ends the sockets whose session was revoked.
 *
 * Guarantees: a socket that was let in with a token that is revoked goes as soon as the revocation is heard of, however the
 * two fall together. Who is connected when it is heard of is found in the groups; who was being let in is looked at once
 * more when it is connected, and what was remembered of it was forgotten by then. Tokens minted after the revocation, and
 * their sockets, are left alone.
 */
export interface Revoker {
  /** Ends the sockets that these revocations are about. */
  revoke(revocations: News["revocations"]): void;
  /** Looks once more whether a socket that is just connected may be. */
  confirm(socket: ChatSocket): Promise<void>;
}

export interface RevokerOptions {
  readonly credentials: Pick<Credentials, "forget" | "confirmSession">;
  readonly groups: Pick<Groups, "socketsOf">;
  readonly fanout: Pick<Fanout, "toSocket">;
}

export const createRevoker = ({ credentials, groups, fanout }: RevokerOptions): Revoker => {
  const cut = (socket: ChatSocket, code: string): void => {
    fanout.toSocket(socket, "error", { message: "Session ended", code });
    socket.disconnect(true);
  };
  return {
    revoke(revocations) {
      // To forget all users of a tenant is work: once is enough.
      const tenants = new Set(revocations.flatMap(({ tenantId, userId }) => (userId === undefined ? [tenantId] : [])));
      for (const tenantId of tenants) credentials.forget(tenantId);
      for (const { tenantId, userId, reason, issuedBeforeMs = Infinity } of revocations) {
        if (userId !== undefined) credentials.forget(tenantId, userId);
        for (const socket of groups.socketsOf(tenantId, userId)) {
          if (socket.data.issuedAtMs < issuedBeforeMs) cut(socket, reason);
        }
      }
    },
    async confirm(socket) {
      try {
        await credentials.confirmSession(socket.data);
      } catch (error) {
        if (error instanceof ChatError) cut(socket, error.code);
        // The database is away: the client comes back, and is looked at then.
        else sendAway(socket);
      }
    },
  };
};
