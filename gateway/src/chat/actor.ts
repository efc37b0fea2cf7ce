import { ChatError } from "./chat-error.ts";

/** Who calls: a tenant's backend with its API key, or one of the tenant's users with a session token. */
export type Actor =
  | { readonly kind: "backend"; readonly tenantId: string }
  | { readonly kind: "user"; readonly tenantId: string; readonly userId: string };

/**
 * The user in whose name something is done. A user acts as itself, and naming another is refused; a backend must name
 * one (contract 2.1).
 */
export const requireActingUser = (actor: Actor, named: string | null | undefined): string => {
  const userId = findViewer(actor, named);
  if (userId === undefined) throw new ChatError("actor_required");
  return userId;
};

/** The user through whose eyes something is read; a backend may leave it out. */
export const findViewer = (actor: Actor, named: string | null | undefined): string | undefined => {
  if (actor.kind === "backend") return named ?? undefined;
  if (named != null && named !== actor.userId) throw new ChatError("cannot_act_as_other_user");
  return actor.userId;
};
