import { type MessageContent, toParts } from "./messages.ts";
import { messagePath, participantPath, roomPath } from "./paths.ts";
import type { RestRequest } from "./rest-request.ts";
import type {
  ClearedHistory,
  DeletedConversation,
  DeliveryPointer,
  ForwardedMessages,
  Message,
  PinnedMessages,
  ReadPointer,
  Role,
  RoomDetail,
  UnreadRooms,
  UnreadTotal,
} from "./wire.ts";

/** The methods of a client that are one call of the REST API each, and change nothing in the client. */
export abstract class ChatCalls {
  abstract get userId(): string | undefined;
  abstract call<T>(request: RestRequest): Promise<T>;

  /** One message. */
  getMessage(roomId: string, messageId: string): Promise<Message> {
    return this.call({ method: "GET", path: messagePath(roomId, messageId) });
  }

  /**
   * Replaces what a message says. Its author may do that. All clients of the room get `message-updated`, this one too; so
   * it is with everything below that changes a message.
   *
   * @example
   * import { Sendsar } from "@sendsar/chat-sdk-javascript";
   *
   * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
   * chat.on("message-updated", ({ id, editedAt, reactions }) => console.log(id, editedAt, reactions.length));
   * await chat.connect({ userId: "ann", token });
   * const { id } = await chat.sendMessage(roomId, "helo");
   * await chat.editMessage(roomId, id, "hello");
   * await chat.toggleReaction(roomId, id, "👍");
   * await chat.pinMessage(roomId, id);
   * console.log((await chat.getPinnedMessages(roomId)).length);
   * await chat.deleteMessage(roomId, id);
   * await chat.disconnect();
   */
  async editMessage(roomId: string, messageId: string, content: string | MessageContent): Promise<Message> {
    const body = { parts: toParts(content, "edit message") };
    return this.call({ method: "PATCH", path: messagePath(roomId, messageId), body });
  }

  /** Deletes a message for everybody; its place stays. Its author and operators of the room may do that. */
  deleteMessage(roomId: string, messageId: string): Promise<Message> {
    return this.call({ method: "DELETE", path: messagePath(roomId, messageId) });
  }

  /** Puts an emoji of the user on a message, or takes it off when it is there. */
  toggleReaction(roomId: string, messageId: string, emoji: string): Promise<Message> {
    return this.call({ method: "POST", path: `${messagePath(roomId, messageId)}/reactions`, body: { emoji } });
  }

  /** Pins a message for everybody in the room. */
  pinMessage(roomId: string, messageId: string): Promise<Message> {
    return this.call({ method: "POST", path: `${messagePath(roomId, messageId)}/pin` });
  }

  /** Takes a pin off. */
  unpinMessage(roomId: string, messageId: string): Promise<Message> {
    return this.call({ method: "DELETE", path: `${messagePath(roomId, messageId)}/pin` });
  }

  /** The pinned messages of a room, latest pin first. */
  async getPinnedMessages(roomId: string): Promise<readonly Message[]> {
    const path = `${roomPath(roomId)}/pinned-messages`;
    return (await this.call<PinnedMessages>({ method: "GET", path })).messages;
  }

  /**
   * Sends a copy of a message to other rooms of the user, ten at most, to all of them or to none. Resolves with the copies,
   * which name the author of the first message in `forwardedFromSenderId`.
   */
  async forwardMessage(
    roomId: string,
    messageId: string,
    targetRoomIds: readonly string[],
  ): Promise<readonly Message[]> {
    const path = `${messagePath(roomId, messageId)}/forward`;
    return (await this.call<ForwardedMessages>({ method: "POST", path, body: { targetRoomIds } })).messages;
  }

  /** Adds somebody to a group; operators may. A user that is not known yet is made, with that name. */
  addParticipant(roomId: string, userId: string, username?: string): Promise<RoomDetail> {
    return this.call({ method: "POST", path: participantPath(roomId), body: { userId, username } });
  }

  /** Takes somebody out of a group; operators may, and everybody may leave. Resolves with the room as it is without them. */
  removeParticipant(roomId: string, userId: string): Promise<RoomDetail> {
    return this.call({ method: "DELETE", path: participantPath(roomId, userId), isRepeatable: false });
  }

  /** Makes a participant an operator of the group, or an ordinary member; operators may. */
  setRole(roomId: string, userId: string, role: Role): Promise<RoomDetail> {
    return this.call({ method: "PATCH", path: participantPath(roomId, userId), body: { role } });
  }

  /** Hides all messages of a room up to now from the user. The others keep them. */
  clearHistory(roomId: string): Promise<ClearedHistory> {
    return this.call({ method: "POST", path: `${roomPath(roomId)}/clear-history` });
  }

  /**
   * Deletes a conversation for the user alone: a group is left; a direct room leaves the list with its messages, and comes
   * back with the next one.
   */
  deleteConversation(roomId: string): Promise<DeletedConversation> {
    return this.call({ method: "DELETE", path: `${roomPath(roomId)}/for-me`, isRepeatable: false });
  }

  /** Marks a room as read up to a message, or up to its newest one. Never moves backwards. */
  async markRead(roomId: string, messageId?: string): Promise<ReadPointer> {
    const body = { userId: this.userId, lastReadMessageId: messageId };
    return this.call({ method: "POST", path: `${roomPath(roomId)}/read`, body, isRepeatable: true });
  }

  /** Says that messages have reached this device, up to a message or up to the newest one. Never moves backwards. */
  markDelivered(roomId: string, messageId?: string): Promise<DeliveryPointer> {
    const body = { userId: this.userId, lastDeliveredMessageId: messageId };
    return this.call({ method: "POST", path: `${roomPath(roomId)}/delivery`, body, isRepeatable: true });
  }

  /** How many messages the user has not read, and in how many rooms. */
  getUnread(): Promise<UnreadTotal> {
    return this.call({ method: "GET", path: "/chat/unread" });
  }

  /** What the user has not read in each of these rooms, 100 at most. Rooms that it is not in are left out. */
  async listUnread(roomIds: readonly string[]): Promise<UnreadRooms["rooms"]> {
    const request = { method: "POST", path: "/chat/unread", body: { roomIds }, isRepeatable: true } as const;
    return (await this.call<UnreadRooms>(request)).rooms;
  }
}
