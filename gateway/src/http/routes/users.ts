import { createToken } from "../../chat/tokens.ts";
import { upsertUser } from "../../chat/users.ts";
import type { Handlers } from "../handlers.ts";

export const userHandlers: Handlers<"upsertUser" | "createToken"> = {
  async upsertUser(deps, { actor, body }) {
    const { user, created } = await upsertUser(deps, actor.tenantId, body);
    return { status: created ? 201 : 200, body: user };
  },
  async createToken(deps, { actor, body }) {
    return { status: 200, body: await createToken(deps, actor.tenantId, body) };
  },
};
