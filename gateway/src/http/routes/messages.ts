import { forwardMessage } from "../../chat/forward.ts";
import { deleteMessage, editMessage, pinMessage, toggleReaction, unpinMessage } from "../../chat/message-changes.ts";
import { listMessages } from "../../chat/message-page.ts";
import { getMessage, listPinnedMessages, sendMessage } from "../../chat/messages.ts";
import type { Handlers } from "../handler.ts";

export const messageHandlers: Handlers<
  | "sendMessage"
  | "listMessages"
  | "getMessage"
  | "editMessage"
  | "deleteMessage"
  | "toggleReaction"
  | "pinMessage"
  | "unpinMessage"
  | "listPinnedMessages"
  | "forwardMessage"
> = {
  async sendMessage(deps, { actor, params, body }) {
    const { message, created } = await sendMessage(deps, actor, params.roomId, body);
    return { status: created ? 201 : 200, body: message };
  },
  async listMessages(deps, { actor, params, query }) {
    return { status: 200, body: await listMessages(deps, actor, params.roomId, query) };
  },
  async getMessage(deps, { actor, params, query }) {
    return { status: 200, body: await getMessage(deps, actor, params.roomId, params.messageId, query.viewerId) };
  },
  async editMessage(deps, { actor, params, body }) {
    return { status: 200, body: await editMessage(deps, actor, params, body) };
  },
  async deleteMessage(deps, { actor, params, query }) {
    return { status: 200, body: await deleteMessage(deps, actor, params, query.userId) };
  },
  async toggleReaction(deps, { actor, params, body }) {
    return { status: 200, body: await toggleReaction(deps, actor, params, body) };
  },
  async pinMessage(deps, { actor, params, body }) {
    return { status: 200, body: await pinMessage(deps, actor, params, body.userId) };
  },
  async unpinMessage(deps, { actor, params, query }) {
    return { status: 200, body: await unpinMessage(deps, actor, params, query.userId) };
  },
  async listPinnedMessages(deps, { actor, params, query }) {
    return { status: 200, body: await listPinnedMessages(deps, actor, params.roomId, query.viewerId) };
  },
  async forwardMessage(deps, { actor, params, body }) {
    return { status: 201, body: await forwardMessage(deps, actor, params, body) };
  },
};
