import { getRateLimits } from "../../chat/rate-limits.ts";
import type { Handlers } from "../handler.ts";

export const rateLimitHandlers: Handlers<"getRateLimits"> = {
  async getRateLimits(deps, { actor }) {
    return { status: 200, body: await getRateLimits(deps, actor) };
  },
};
