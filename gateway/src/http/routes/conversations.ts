import { clearHistory, deleteRoomForMe } from "../../chat/conversations.ts";
import type { Handlers } from "../handler.ts";

export const conversationHandlers: Handlers<"clearHistory" | "deleteRoomForMe"> = {
  async clearHistory(deps, { actor, params, body }) {
    return { status: 200, body: await clearHistory(deps, actor, params.roomId, body) };
  },
  async deleteRoomForMe(deps, { actor, params, query }) {
    return { status: 200, body: await deleteRoomForMe(deps, actor, params.roomId, query.userId) };
  },
};
