import type { MessagePart } from "@sendsar/protocol/objects/message";
import { reservedPartTypes } from "@sendsar/protocol/objects/message";
import { ChatError } from "./chat-error.ts";

/**
 * Parts that somebody sends, as they are stored: unchanged, but for signed links of uploads (contract 4.1). Throws
 * `reserved_part_type` for one that only the server writes.
 */
export const requireParts = (parts: readonly MessagePart[]): MessagePart[] => {
  if (parts.some(isServers)) throw new ChatError("reserved_part_type");
  return parts.map(toStored);
};

/** True for a part that the server wrote. */
export const isServers = ({ type }: MessagePart): boolean => reservedPartTypes.includes(type);

/** Fields of an uploaded file that the server makes for each reading; a copy that comes back is never stored. */
const signedFields = new Set(["url", "accessUrl", "accessUrlExpiresAt"]);

const toStored = (part: MessagePart): MessagePart =>
  part["uploadId"] == null
    ? part
    : (Object.fromEntries(Object.entries(part).filter(([key]) => !signedFields.has(key))) as MessagePart);
