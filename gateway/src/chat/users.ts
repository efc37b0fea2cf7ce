import type { UpsertUserBody, User } from "@sendsar/protocol/objects/user";
import { upsertUser as upsertStoredUser } from "../store/users.ts";
import type { ChatDeps } from "./deps.ts";

/** Creates a user or changes it; fields that are left out keep what is stored (contract U1). */
export const upsertUser = (
  deps: Pick<ChatDeps, "db">,
  tenantId: string,
  body: UpsertUserBody,
): Promise<{ readonly user: User; readonly created: boolean }> => upsertStoredUser(deps.db, tenantId, body);
