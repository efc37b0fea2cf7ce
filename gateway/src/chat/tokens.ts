import { limits } from "@sendsar/protocol/limits";
import { signSession } from "../auth/session-token.ts";
import { findSessionState } from "../store/sessions.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

/** Mints a session token for a user of the tenant. Throws `user_not_found`, also for a deactivated one (contract 2.3). */
export const createToken = async (
  deps: Pick<ChatDeps, "db" | "credentials" | "now" | "newId">,
  tenantId: string,
  {
    userId,
    expiresIn = limits.sessionSecondsDefault,
  }: { readonly userId: string; readonly expiresIn?: number | undefined },
): Promise<{ readonly token: string; readonly expiresAt: string; readonly userId: string }> => {
  const { known, deactivated, readAtMs, validFromMs } = await findSessionState(deps.db, tenantId, userId);
  if (!known || deactivated) throw new ChatError("user_not_found");
  const signing = await deps.credentials.requireSigningKey(tenantId);
  const now = deps.now();
  const session = {
    tenantId,
    userId,
    // What was revoked ends at a moment that may be a millisecond ahead.
    issuedAtMs: Math.max(readAtMs, validFromMs),
    expiresAt: Math.floor(now.getTime() / 1000) + expiresIn,
  };
  const token = await signSession(signing, session, now, deps.newId());
  return { token, expiresAt: new Date(session.expiresAt * 1000).toISOString(), userId };
};
