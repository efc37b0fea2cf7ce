import type { ChatClient } from "./client.ts";
import type { RateLimit, RateLimitList } from "./wire.ts";

/**
 * The rate limits of the user, and what is left of them.
 *
 * @example
 * import { Sendsar, getRateLimits } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * await chat.connect({ userId: "ann", token });
 * for (const { action, remaining, limit } of await getRateLimits(chat)) console.log(action, remaining, limit);
 * await chat.disconnect();
 */
export const getRateLimits = async (chat: ChatClient): Promise<readonly RateLimit[]> =>
  (await chat.call<RateLimitList>({ method: "GET", path: "/rate-limits" })).limits;
