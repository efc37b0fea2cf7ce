import { limits } from "@sendsar/protocol/limits";
import type { Parameter } from "./parameters.ts";

/** The request header with which a call that changes something happens once. */
export const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: `Repeated with the same key and the same request, the call answers what it answered first, for ${limits.idempotencyHours} hours, and does nothing.`,
  schema: { type: "string", pattern: "^[!-~]+$", minLength: 1, maxLength: limits.idempotencyKeyCharsMax },
};

const whole = { type: "integer", minimum: 0 };

/** The headers of answers, by their name. Those of rate limits: draft-ietf-httpapi-ratelimit-headers-06. */
export const answerHeaders = {
  "RateLimit-Limit": { description: "How many calls of this kind are let through at once", schema: whole },
  "RateLimit-Remaining": { description: "How many of them are left", schema: whole },
  "RateLimit-Reset": { description: "Seconds until all are left again", schema: whole },
  "Retry-After": { description: "Seconds to wait before trying again", schema: { type: "integer", minimum: 1 } },
  "Idempotency-Replayed": {
    description: "`true` when this is the first answer to the `Idempotency-Key`, given again",
    schema: { type: "string", const: "true" },
  },
} as const;

type HeaderName = keyof typeof answerHeaders;

/** The headers that an answer of this status can have. A missing credential is nobody's, so it has no rate limit. */
export const answerHeadersAt = (
  status: number,
  isKeyed: boolean,
): Readonly<Record<string, { readonly $ref: string }>> => {
  const names: readonly HeaderName[] = [
    ...(status === 401 ? [] : (["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] as const)),
    ...(status === 429 || status === 503 || (status === 409 && isKeyed) ? (["Retry-After"] as const) : []),
    ...(isKeyed ? (["Idempotency-Replayed"] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
};
