import { createHash } from "node:crypto";
import { stringify } from "uuid";

export type CredentialKind = "apiKey" | "webhookSecret" | "sessionKey" | "gatewayLogin";

/**
 * The id of a credential: a fingerprint of it in the form of a UUID (RFC 9562, version 8). It follows from the plain text
 * alone, so whoever reads the Secret sees at once whether it still holds what the database knows under that id, and a
 * repeated write of the same credential is the same write. 122 bits of the hash of at least 192 random bits say nothing
 * about those; the kind goes in first, so that the id is no part of the hash by which a key is looked up.
 */
export const toCredentialId = (kind: CredentialKind, plain: string): string => toUuid(`sendsar/${kind}/${plain}`);

/**
 * The id of a session key, whose plain text nobody sees: it follows from the key before it and the token that asked for it.
 * Asking twice for the successor of a key makes one successor.
 */
export const toSuccessorId = (beforeId: string, rotationToken: string): string =>
  toUuid(`sendsar/sessionKey/${beforeId}/${rotationToken}`);

const toUuid = (text: string): string => {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return stringify(bytes);
};
