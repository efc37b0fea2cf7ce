import type { UpdateUserBody, UpsertUserBody, User } from "@sendsar/protocol/objects/user";
import {
  findUser,
  listUsers as listStoredUsers,
  updateUser as updateStoredUser,
  upsertUser as upsertStoredUser,
} from "../store/users.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

/**
 * Creates a user or changes it; fields that are left out keep what is stored (contract U1). One that was deleted comes back
 * as a new one.
 */
export const upsertUser = (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  body: UpsertUserBody,
): Promise<{ readonly user: User; readonly created: boolean }> => upsertStoredUser(deps.db, tenantId, body);

/** A user of the tenant. Throws `user_not_found`. */
export const getUser = async (deps: Pick<ChatDeps, "db">, tenantId: string, userId: string): Promise<User> => {
  const user = await findUser(deps.db, tenantId, userId);
  if (!user) throw new ChatError("user_not_found");
  return user;
};

/** Changes what is given of a user; null clears a field. Throws `user_not_found`. */
export const updateUser = async (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  userId: string,
  body: UpdateUserBody,
): Promise<User> => {
  const user = await updateStoredUser(deps.db, tenantId, userId, body);
  if (!user) throw new ChatError("user_not_found");
  return user;
};

/** The tenant's users, page by page in the order of their ids: who comes in between is neither missed nor shown twice. */
export const listUsers = async (
  { db, cursors }: Pick<ChatDeps, "db" | "cursors">,
  tenantId: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ readonly users: User[]; readonly nextCursor: string | null }> => {
  const scope = { tenantId, list: "users" };
  const [after] = query.cursor === undefined ? [] : cursors.decode(scope, query.cursor);
  const { users, hasMore } = await listStoredUsers(db, tenantId, {
    after: typeof after === "string" ? after : undefined,
    limit: query.limit,
  });
  const last = users.at(-1);
  return { users, nextCursor: hasMore && last ? cursors.encode(scope, [last.id]) : null };
};
