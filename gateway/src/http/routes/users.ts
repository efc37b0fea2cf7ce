import { deactivateUser, reactivateUser, revokeSessions } from "../../chat/sessions.ts";
import { createToken } from "../../chat/tokens.ts";
import { deleteUser } from "../../chat/user-deletion.ts";
import { getUser, listUsers, updateUser, upsertUser } from "../../chat/users.ts";
import type { Handlers } from "../handler.ts";

export const userHandlers: Handlers<
  | "upsertUser"
  | "listUsers"
  | "getUser"
  | "updateUser"
  | "deactivateUser"
  | "reactivateUser"
  | "deleteUser"
  | "createToken"
  | "revokeSessions"
> = {
  async upsertUser(deps, { actor, body }) {
    const { user, created } = await upsertUser(deps, actor.tenantId, body);
    return { status: created ? 201 : 200, body: user };
  },
  async listUsers(deps, { actor, query }) {
    return { status: 200, body: await listUsers(deps, actor.tenantId, query) };
  },
  async getUser(deps, { actor, params }) {
    return { status: 200, body: await getUser(deps, actor.tenantId, params.userId) };
  },
  async updateUser(deps, { actor, params, body }) {
    return { status: 200, body: await updateUser(deps, actor.tenantId, params.userId, body) };
  },
  async deactivateUser(deps, { actor, params }) {
    return { status: 200, body: await deactivateUser(deps, actor.tenantId, params.userId) };
  },
  async reactivateUser(deps, { actor, params }) {
    return { status: 200, body: await reactivateUser(deps, actor.tenantId, params.userId) };
  },
  async deleteUser(deps, { actor, params, query }) {
    const { done } = await deleteUser(deps, actor.tenantId, params.userId, {
      deleteMessages: query.deleteMessages === "true",
    });
    return { status: 200, body: { ok: true, userId: params.userId, done } };
  },
  async createToken(deps, { actor, body }) {
    return { status: 200, body: await createToken(deps, actor.tenantId, body) };
  },
  async revokeSessions(deps, { actor, body }) {
    await revokeSessions(deps, actor.tenantId, body);
    return { status: 200, body: { ok: true } };
  },
};
