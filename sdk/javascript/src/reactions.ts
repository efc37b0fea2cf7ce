import type { Message } from "./wire.ts";

/** One emoji on a message, and who put it there. */
export interface ReactionGroup {
  readonly emoji: string;
  readonly count: number;
  /** Who, in the order in which they did. */
  readonly userIds: readonly string[];
  /** True if the viewer is one of them. */
  readonly isMine: boolean;
}

/**
 * The reactions of a message, one group for each emoji, in the order in which the emoji first came.
 *
 * @example
 * import { groupReactions } from "@sendsar/chat-sdk-javascript";
 *
 * const reactions = [{ userId: "ann", emoji: "👍" }, { userId: "bob", emoji: "👍" }];
 * for (const { emoji, count, isMine } of groupReactions(reactions, "bob")) console.log(emoji, count, isMine); // 👍 2 true
 */
export function groupReactions(
  reactions: Message["reactions"] | null | undefined,
  viewerUserId: string | undefined,
): readonly ReactionGroup[] {
  const usersByEmoji = new Map<string, string[]>();
  for (const { emoji, userId } of reactions ?? []) {
    const userIds = usersByEmoji.get(emoji) ?? [];
    usersByEmoji.set(emoji, userIds);
    userIds.push(userId);
  }
  return [...usersByEmoji].map(([emoji, userIds]) => ({
    emoji,
    count: userIds.length,
    userIds,
    isMine: viewerUserId !== undefined && userIds.includes(viewerUserId),
  }));
}
