import type { Session } from "./options.ts";
import type { Message } from "./wire.ts";

/** How deleted messages are shown: `chatSettings` of the session, from the tenant's settings. */
export type ChatSettings = NonNullable<Session["chatSettings"]>;

/** True for a message that was deleted for everybody: its parts are gone, its place stays. */
export const isDeleted = ({ deletedAt }: Pick<Message, "deletedAt">): boolean => deletedAt !== null;

/**
 * True for a deleted message that must not be shown at all. Without it, `deletedTextOf` is shown in its place. What the
 * server says of the message goes first; a server that does not say it leaves it to the settings of the session.
 *
 * @example
 * import { deletedTextOf, isDeleted, isHidden } from "@sendsar/chat-sdk-javascript";
 *
 * const message = { deletedAt: "2026-11-22T09:00:00.000Z", deletedHidden: false };
 * if (isDeleted(message) && !isHidden(message)) console.log(deletedTextOf()); // "Message deleted"
 */
export const isHidden = (
  { deletedAt, deletedHidden }: Pick<Message, "deletedAt" | "deletedHidden">,
  settings?: ChatSettings,
): boolean => deletedAt !== null && (deletedHidden ?? settings?.deletedMessageDisplay === "hidden");

/** What stands in the place of a deleted message: the tenant's text, else "Message deleted". */
export const deletedTextOf = (settings?: ChatSettings): string =>
  settings?.deletedMessagePlaceholder.trim() || "Message deleted";
