import { createHash } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import type { FastifyRequest } from "fastify";
import type { Actor } from "../chat/actor.ts";
import { ChatError } from "../chat/chat-error.ts";
import type { KeyedRequest } from "../chat/idempotency.ts";

/** The request by its `Idempotency-Key`; undefined without one. Throws `invalid_request` for what is no key. */
export const findKeyedRequest = (request: FastifyRequest, actor: Actor): KeyedRequest | undefined => {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  // Of a header that is there twice Node makes one text with a blank in it.
  if (typeof key !== "string" || !visible.test(key)) throw new ChatError("invalid_request", { details: [unfit] });
  return { actor, key, fingerprint: fingerprintOf(request) };
};

const visible = new RegExp(`^[\\x21-\\x7e]{1,${limits.idempotencyKeyCharsMax}}$`);
const unfit = {
  path: "Idempotency-Key",
  message: `must be 1 to ${limits.idempotencyKeyCharsMax} visible ASCII characters`,
};

/** The order of the body's fields makes no difference, and neither does a body that is left out. */
const fingerprintOf = ({ method, url, body }: FastifyRequest): Buffer =>
  createHash("sha256")
    .update(JSON.stringify([method, url, body ?? {}], sortKeys))
    .digest();

const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
