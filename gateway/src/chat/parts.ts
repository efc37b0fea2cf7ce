import type { MessagePart } from "@sendsar/protocol/objects/message";

/** Fields of an uploaded file that the server makes for each reading; a copy that comes back is never stored. */
const signedFields = new Set(["url", "accessUrl", "accessUrlExpiresAt"]);

/** Parts as they are stored: unchanged, but for signed links of uploads (contract 4.1). */
export const toStoredParts = (parts: readonly MessagePart[]): MessagePart[] =>
  parts.map((part) =>
    part["uploadId"] == null
      ? part
      : (Object.fromEntries(Object.entries(part).filter(([key]) => !signedFields.has(key))) as MessagePart),
  );
