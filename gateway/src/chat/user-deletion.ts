import { deleteMessage } from "../store/message-changes.ts";
import { releaseUserFiles } from "../store/upload-uses.ts";
import {
  eraseUser,
  listMessagesToDelete,
  listRoomsToLeave,
  markRoomLeft,
  renameInLines,
} from "../store/user-deletion.ts";
import { ChatError } from "./chat-error.ts";
import { deleteRoomForMe } from "./conversations.ts";
import type { ChatDeps } from "./deps.ts";

type Deps = Pick<ChatDeps, "db" | "announcer" | "credentials" | "newId">;

/**
 * Deletes a user (threat K08). What is about the person is gone when this answers: name, avatar, metadata, app code, devices,
 * and its sessions everywhere within seconds. Then it leaves its groups, each with the usual line and events, its direct
 * rooms stay for the other one, and its name goes out of the lines of all rooms that it ever was in; with `deleteMessages`
 * its messages there are deleted, as by their author. Files that no message has are removed.
 *
 * Bounded in time: with `done: false` there is more to do, and the next call goes on. Repeatable, at any time and with either
 * choice. Throws `user_not_found` for one that never was.
 */
export const deleteUser = async (
  deps: Deps,
  tenantId: string,
  userId: string,
  { deleteMessages }: { readonly deleteMessages: boolean },
): Promise<{ readonly done: boolean }> => {
  if (!(await eraseUser(deps.db, tenantId, userId))) throw new ChatError("user_not_found");
  deps.credentials.forget(tenantId, userId);
  const deletion: Deletion = { deps, tenantId, userId, deleteMessages, endsAt: performance.now() + deletionMsMax };
  return { done: (await goThroughRooms(deletion)) && (await releaseFiles(deletion)) };
};

/** Time for one call; what is under way then is finished. */
const deletionMsMax = 2000;
const roomsAtOnce = 100;
const messagesAtOnce = 100;
const filesAtOnce = 100;

interface Deletion {
  readonly deps: Deps;
  readonly tenantId: string;
  readonly userId: string;
  readonly deleteMessages: boolean;
  /** On the clock of `performance.now()`. */
  readonly endsAt: number;
}

const isOver = ({ endsAt }: Deletion): boolean => performance.now() >= endsAt;

/** Answers whether all rooms are done. */
const goThroughRooms = async (deletion: Deletion): Promise<boolean> => {
  const { deps, tenantId, userId, deleteMessages } = deletion;
  const wanted = { messages: deleteMessages, limit: roomsAtOnce };
  for (;;) {
    const rooms = await listRoomsToLeave(deps.db, tenantId, userId, wanted);
    if (rooms.length === 0) return true;
    for (const roomId of rooms) {
      if (isOver(deletion)) return false;
      // First, so that nothing is sent any more by a session that some gateway has not heard the end of.
      await leaveRoom(deletion, roomId);
      if (deleteMessages && !(await emptyRoom(deletion, roomId))) return false;
      await renameInLines(deps.db, tenantId, userId, roomId);
      await markRoomLeft(deps.db, tenantId, userId, roomId, deleteMessages);
    }
  }
};

/** Deletes the user's messages in a room. Answers whether all are. */
const emptyRoom = async (deletion: Deletion, roomId: string): Promise<boolean> => {
  const { deps, tenantId, userId } = deletion;
  for (;;) {
    const messageIds = await listMessagesToDelete(deps.db, tenantId, userId, roomId, messagesAtOnce);
    for (const messageId of messageIds) {
      if (isOver(deletion)) return false;
      const request = { roomId, messageId, actorUserId: userId, byBackend: true };
      const result = await deleteMessage(deps.db, tenantId, request, { actorMustBeIn: false });
      // Its messages are removed with it.
      if (result.verdict === "room_not_found") return true;
      if (result.verdict === "changed") {
        const { seq, message } = result;
        deps.announcer.committed(tenantId, [{ type: "message.updated", roomId, seq, message }]);
      } else if (result.verdict !== "unchanged") {
        throw new Error(`unable to delete a message of a deleted user; ${result.verdict}`);
      }
    }
    if (messageIds.length < messagesAtOnce) return true;
  }
};

const leaveRoom = async ({ deps, tenantId, userId }: Deletion, roomId: string): Promise<void> => {
  try {
    await deleteRoomForMe(deps, { kind: "backend", tenantId }, roomId, userId);
  } catch (error) {
    // It left before, or the room is gone.
    const isOut = error instanceof ChatError && ["not_a_participant", "room_not_found"].includes(error.code);
    if (!isOut) throw error;
  }
};

/** Answers whether no file is the user's any more. */
const releaseFiles = async (deletion: Deletion): Promise<boolean> => {
  const { deps, tenantId, userId } = deletion;
  while (!(await releaseUserFiles(deps.db, tenantId, userId, filesAtOnce))) if (isOver(deletion)) return false;
  return true;
};
