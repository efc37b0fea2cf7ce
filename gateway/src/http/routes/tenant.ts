import { getSettings, patchSettings } from "../../chat/settings.ts";
import type { Handlers } from "../handler.ts";

export const tenantHandlers: Handlers<"getSettings" | "patchSettings"> = {
  async getSettings(deps, { actor }) {
    return { status: 200, body: await getSettings(deps, actor.tenantId) };
  },
  async patchSettings(deps, { actor, body }) {
    return { status: 200, body: await patchSettings(deps, actor.tenantId, body) };
  },
};
