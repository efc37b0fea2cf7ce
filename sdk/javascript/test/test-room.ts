import type { Message, MessagePage, RoomDetail } from "../src/wire.ts";

/** A room as the server answers it, of Ann and Bob unless others are named. */
export function createTestRoom(
  fields: Partial<RoomDetail> = {},
  userIds: readonly string[] = ["ann", "bob"],
): RoomDetail {
  return {
    id: "r1",
    name: "A room",
    avatarUrl: null,
    externalId: null,
    customType: null,
    metadata: null,
    isFrozen: false,
    lastMessage: null,
    unreadCount: 0,
    lastReadMessageId: null,
    createdAt: "2026-11-22T09:00:00.000Z",
    kind: "group",
    isGroup: true,
    lastSeq: 0,
    participants: userIds.map((userId) => ({
      userId,
      username: `Name of ${userId}`,
      avatarUrl: null,
      role: "OPERATOR",
      joinedAt: "2026-11-22T09:00:00.000Z",
      lastReadAt: null,
      lastReadMessageId: null,
      lastDeliveredAt: null,
    })),
    ...fields,
  };
}

/** A page of messages, newest first, the last one unless `fields` say otherwise. */
export const createTestPage = (messages: readonly Message[], fields: Partial<MessagePage> = {}): MessagePage => ({
  messages,
  nextCursor: null,
  previousCursor: null,
  lastSeq: messages[0]?.seq ?? 0,
  peerLastReadAt: null,
  peerLastDeliveredAt: null,
  ...fields,
});
