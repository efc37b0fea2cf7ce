import type { User } from "@sendsar/protocol/objects/user";
import {
  deactivateUser as deactivateStoredUser,
  reactivateUser as reactivateStoredUser,
  revokeAllSessions,
  revokeUserSessions,
} from "../store/sessions.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

type Deps = Pick<ChatDeps, "db" | "credentials">;

/**
 * Refuses the session tokens of a user, or of all users, that were minted before a moment, now when none is given. Here at
 * once, on every gateway within seconds; sockets that were let in with one are cut. Throws `user_not_found`.
 */
export const revokeSessions = async (
  { db, credentials }: Deps,
  tenantId: string,
  {
    userId,
    issuedBefore,
  }: { readonly userId?: string | null | undefined; readonly issuedBefore?: string | null | undefined },
): Promise<void> => {
  if (userId == null) await revokeAllSessions(db, tenantId, issuedBefore ?? undefined);
  else if (!(await revokeUserSessions(db, tenantId, userId, issuedBefore ?? undefined))) {
    throw new ChatError("user_not_found");
  }
  credentials.forget(tenantId, userId ?? undefined);
};

/**
 * Locks a user out: its tokens are refused from now on, also after it was let in again, and its sockets are cut. Its
 * messages and memberships stay. Throws `user_not_found`.
 */
export const deactivateUser = async ({ db, credentials }: Deps, tenantId: string, userId: string): Promise<User> => {
  const user = await deactivateStoredUser(db, tenantId, userId);
  if (!user) throw new ChatError("user_not_found");
  credentials.forget(tenantId, userId);
  return user;
};

/** Lets a user in again, with new tokens. Throws `user_not_found`. */
export const reactivateUser = async ({ db, credentials }: Deps, tenantId: string, userId: string): Promise<User> => {
  const user = await reactivateStoredUser(db, tenantId, userId);
  if (!user) throw new ChatError("user_not_found");
  credentials.forget(tenantId, userId);
  return user;
};
