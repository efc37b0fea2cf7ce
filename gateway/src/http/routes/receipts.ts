import { markRoomDelivered, markRoomRead } from "../../chat/receipts.ts";
import { getUnread, listUnread } from "../../chat/unread.ts";
import type { Handlers } from "../handler.ts";

export const receiptHandlers: Handlers<"markRoomRead" | "markRoomDelivered" | "getUnread" | "listUnread"> = {
  async markRoomRead(deps, { actor, params, body }) {
    return { status: 200, body: await markRoomRead(deps, actor, params.roomId, body) };
  },
  async markRoomDelivered(deps, { actor, params, body }) {
    return { status: 200, body: await markRoomDelivered(deps, actor, params.roomId, body) };
  },
  async getUnread(deps, { actor, query }) {
    return { status: 200, body: await getUnread(deps, actor, query) };
  },
  async listUnread(deps, { actor, body }) {
    return { status: 200, body: await listUnread(deps, actor, body) };
  },
};
