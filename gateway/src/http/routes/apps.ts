import { createApp, deleteApp, getApp, listApps, updateApp } from "../../chat/apps.ts";
import type { Handlers } from "../handler.ts";

export const appHandlers: Handlers<"createApp" | "listApps" | "getApp" | "updateApp" | "deleteApp"> = {
  async createApp(deps, { actor, body }) {
    return { status: 201, body: await createApp(deps, actor.tenantId, body) };
  },
  async listApps(deps, { actor }) {
    return { status: 200, body: { apps: await listApps(deps, actor.tenantId) } };
  },
  async getApp(deps, { actor, params }) {
    return { status: 200, body: await getApp(deps, actor.tenantId, params.appCode) };
  },
  async updateApp(deps, { actor, params, body }) {
    return { status: 200, body: await updateApp(deps, actor.tenantId, params.appCode, body) };
  },
  async deleteApp(deps, { actor, params }) {
    await deleteApp(deps, actor.tenantId, params.appCode);
    return { status: 200, body: { ok: true } };
  },
};
