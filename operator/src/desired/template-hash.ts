import { createHash } from "node:crypto";

/** Annotation: the hash of an object as it was last applied, so that a field which is no longer wanted is noticed too. */
export const appliedHashAnnotation = "chat.sendsar.com/applied-hash";

/** Annotation of a pod template: the hash of the configuration its pods were started with. A change of it rolls them. */
export const configHashAnnotation = "chat.sendsar.com/config-hash";

/** The first 16 hex digits of the SHA-256 of the canonical JSON: a difference is certain to show, secrecy is not its aim. */
export const toHash = (value: unknown): string =>
  createHash("sha256").update(toCanonicalJson(value)).digest("hex").slice(0, 16);

/**
 * JSON with the keys of every object in the order of their UTF-16 code units (as RFC 8785) and without what is undefined:
 * equal values have equal texts, in whatever order they were put together.
 */
export const toCanonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? sortKeys(part) : part));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const sortKeys = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
