import type { EndpointOutput, Endpoints } from "@sendsar/protocol/endpoints";
import type { Actor } from "./actor.ts";
import type { ChatDeps } from "./deps.ts";

/** The rate limits of the caller, and what is left of them; none when nothing is limited (contract 13). */
export const getRateLimits = async (
  { rateLimiter }: Pick<ChatDeps, "rateLimiter">,
  actor: Actor,
): Promise<EndpointOutput<Endpoints["getRateLimits"]>> => {
  const levels = rateLimiter?.levels(actor.tenantId, actor.kind === "user" ? actor.userId : undefined) ?? [];
  return {
    limits: levels.map(({ action, scope, limit, windowSeconds, remaining, resetMs }) => ({
      action,
      scope,
      limit,
      windowSeconds: round(windowSeconds),
      remaining,
      resetSeconds: round(resetMs / 1000),
    })),
  };
};

/** Milliseconds are as much as anybody wants to know. */
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
