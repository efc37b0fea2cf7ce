import { listMessages, sendMessage } from "../../chat/messages.ts";
import type { Handlers } from "../handlers.ts";

export const messageHandlers: Handlers<"sendMessage" | "listMessages"> = {
  async sendMessage(deps, { actor, params, body }) {
    const { message, created } = await sendMessage(deps, actor, params.roomId, body);
    return { status: created ? 201 : 200, body: message };
  },
  async listMessages(deps, { actor, params, query }) {
    return { status: 200, body: await listMessages(deps, actor, params.roomId, query) };
  },
};
