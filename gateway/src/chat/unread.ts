import { validate as isUuid } from "uuid";
import type { UnreadRoom, UnreadTotal } from "../store/unread.ts";
import { countUnread, listUnread as listStoredUnread } from "../store/unread.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import type { ChatDeps } from "./deps.ts";

/** Counts what a user has not read over all rooms of its list (contract 6). */
export const getUnread = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  query: { readonly userId?: string | undefined },
): Promise<UnreadTotal & { readonly userId: string }> => {
  const userId = requireActingUser(actor, query.userId);
  return { userId, ...(await countUnread(deps.db, actor.tenantId, userId)) };
};

/**
 * Counts what a user has not read, room by room, each room once and in the order asked for. A room that the user is not
 * in is left out, as one that does not exist is (contract 6).
 */
export const listUnread = async (
  deps: Pick<ChatDeps, "db">,
  actor: Actor,
  body: { readonly userId?: string | null | undefined; readonly roomIds: readonly string[] },
): Promise<{ readonly rooms: UnreadRoom[] }> => {
  const userId = requireActingUser(actor, body.userId);
  const roomIds = body.roomIds.filter((roomId) => isUuid(roomId)).map((roomId) => roomId.toLowerCase());
  return { rooms: await listStoredUnread(deps.db, actor.tenantId, userId, roomIds) };
};
