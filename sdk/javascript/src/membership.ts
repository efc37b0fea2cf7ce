import type { MessagePart } from "./wire.ts";

/** Who came or went, as a line of a group's thread says it (contract 4.4). */
export interface MembershipChange {
  readonly action: "joined" | "left" | "removed";
  /** Who did it. */
  readonly actorUserId: string;
  /** Who joined, left or was removed. */
  readonly targetUserId: string;
}

/** The name of a user, by id. */
export type NameOf = (userId: string) => string;

/**
 * What a membership line says; undefined for every other message. A part with a field that is missing or of another type
 * counts as no such line.
 */
export function membershipOf(parts: readonly MessagePart[]): MembershipChange | undefined {
  for (const { type, data } of parts as readonly { readonly type: string; readonly data?: unknown }[]) {
    if (type === "data-membership" && isMembershipChange(data)) return data;
  }
  return undefined;
}

/**
 * The text of a membership line: "Bob joined", "Bob left", "Ann removed Bob".
 *
 * @example
 * import { formatMembership, membershipOf } from "@sendsar/chat-sdk-javascript";
 *
 * const names: Record<string, string> = { ann: "Ann", bob: "Bob" };
 * const data = { action: "removed", actorUserId: "ann", targetUserId: "bob" };
 * const change = membershipOf([{ type: "data-membership", data }]);
 * if (change) console.log(formatMembership(change, (userId) => names[userId] ?? userId)); // "Ann removed Bob"
 */
export function formatMembership(
  { action, actorUserId, targetUserId }: MembershipChange,
  nameOf: NameOf = (userId) => userId,
): string {
  const target = nameOf(targetUserId);
  return action === "removed" ? `${nameOf(actorUserId)} removed ${target}` : `${target} ${action}`;
}

const isMembershipChange = (data: unknown): data is MembershipChange => {
  const { action, actorUserId, targetUserId } = (data ?? {}) as { readonly [Key in keyof MembershipChange]?: unknown };
  const isAction = action === "joined" || action === "left" || action === "removed";
  return isAction && isId(actorUserId) && isId(targetUserId);
};

const isId = (value: unknown): boolean => typeof value === "string" && value !== "";
