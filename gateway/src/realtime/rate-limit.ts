import type { UpEvents } from "@sendsar/protocol/events/up";
import type { RateLimitAction } from "@sendsar/protocol/rate-limits";
import { ChatError } from "../chat/chat-error.ts";
import type { RateLimiter } from "../chat/rate-limiter/rate-limiter.ts";
import type { Connection } from "./context.ts";

/** Counts an event of a socket. Throws `rate_limited` when nothing is left; that is not counted. */
export const countEvent = <E extends keyof UpEvents>(
  limiter: RateLimiter | undefined,
  { tenantId, userId }: Pick<Connection, "tenantId" | "userId">,
  event: E,
  payload: UpEvents[E],
): void => {
  const action = actions[event](payload);
  if (!limiter || action === undefined) return;
  const { allowed, retryMs } = limiter.take(tenantId, userId, action);
  if (!allowed) throw new ChatError("rate_limited", { retryMs });
};

/**
 * What an event counts as. What only takes back what was let through is not counted, so that it is never refused:
 * otherwise others would go on seeing a room open, or somebody typing.
 */
const actions: { readonly [E in keyof UpEvents]: (payload: UpEvents[E]) => RateLimitAction | undefined } = {
  "join-room": () => "join-room",
  "leave-room": () => undefined,
  typing: ({ isTyping }) => (isTyping ? "typing" : undefined),
  resume: () => "resume",
};
