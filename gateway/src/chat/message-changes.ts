import type { Message, MessagePart } from "@sendsar/protocol/objects/message";
import { validate as isUuid } from "uuid";
import type { ChangeRequest, ChangeResult } from "../store/message-changes.ts";
import * as store from "../store/message-changes.ts";
import type { Actor } from "./actor.ts";
import { requireActingUser } from "./actor.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { requireUsableFiles } from "./files.ts";
import { toMessageId } from "./message-id.ts";
import { requireParts } from "./parts.ts";
import { previewOf } from "./preview.ts";

type Deps = Pick<ChatDeps, "db" | "announcer">;

/** Which message, as the path names it. */
export interface MessageRef {
  readonly roomId: string;
  readonly messageId: string;
}

/** Who is named as the one who acts. */
type Named = string | null | undefined;

/** Replaces the parts of a message: its author may, and a backend. Nothing of the old ones is kept (contract M3). */
export const editMessage = (
  deps: Deps,
  actor: Actor,
  ref: MessageRef,
  body: { readonly userId?: Named; readonly parts: readonly MessagePart[] },
): Promise<Message> => {
  return change(deps, actor, ref, body.userId, async (request) => {
    const files = await requireUsableFiles(deps, actor, request.actorUserId, requireParts(body.parts));
    return store.editMessage(deps.db, actor.tenantId, request, files, previewOf(files.parts));
  });
};

/** Deletes a message for everybody: its author may, an operator of the room, and a backend (contract M4). */
export const deleteMessage = (deps: Deps, actor: Actor, ref: MessageRef, userId: Named): Promise<Message> =>
  change(deps, actor, ref, userId, (request) => store.deleteMessage(deps.db, actor.tenantId, request));

/** Puts a reaction on a message, or takes it off (contract M5). */
export const toggleReaction = (
  deps: Deps,
  actor: Actor,
  ref: MessageRef,
  { userId, emoji }: { readonly userId?: Named; readonly emoji: string },
): Promise<Message> =>
  change(deps, actor, ref, userId, (request) => store.toggleReaction(deps.db, actor.tenantId, request, emoji));

/** Pins a message (contract M6). */
export const pinMessage = (deps: Deps, actor: Actor, ref: MessageRef, userId: Named): Promise<Message> =>
  change(deps, actor, ref, userId, (request) => store.pinMessage(deps.db, actor.tenantId, request));

/** Unpins a message (contract M7). */
export const unpinMessage = (deps: Deps, actor: Actor, ref: MessageRef, userId: Named): Promise<Message> =>
  change(deps, actor, ref, userId, (request) => store.unpinMessage(deps.db, actor.tenantId, request));

/** Makes one change and tells the room, its actor included, unless there was nothing to change. */
const change = async (
  { announcer }: Pick<Deps, "announcer">,
  actor: Actor,
  ref: MessageRef,
  named: Named,
  act: (request: ChangeRequest) => Promise<ChangeResult>,
): Promise<Message> => {
  const actorUserId = requireActingUser(actor, named);
  if (!isUuid(ref.roomId)) throw new ChatError("room_not_found");
  const roomId = ref.roomId.toLowerCase();
  const byBackend = actor.kind === "backend";
  const result = await act({ roomId, messageId: toMessageId(ref.messageId), actorUserId, byBackend });
  switch (result.verdict) {
    case "changed":
      announcer.committed(actor.tenantId, [
        { type: "message.updated", roomId, seq: result.seq, message: result.message },
      ]);
      return result.message;
    case "unchanged":
      return result.message;
    case "not_a_participant":
      // To a user, a room it is not in does not exist.
      throw new ChatError(byBackend ? result.verdict : "room_not_found");
    default:
      throw new ChatError(result.verdict);
  }
};
