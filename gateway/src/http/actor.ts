import type { Auth } from "@sendsar/protocol/endpoint";
import type { FastifyRequest } from "fastify";
import type { Actor } from "../chat/actor.ts";
import { ChatError } from "../chat/chat-error.ts";
import type { Credentials } from "../chat/credentials.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; there once the route's guard let the request in. */
    actor?: Actor;
  }
}

/**
 * Finds out who calls: the API key from `x-api-key`, or the session token from `Authorization: Bearer`. Throws
 * `unauthorized`, `ambiguous_credentials` for both, and 403 for the wrong kind.
 */
export const requireActor = async (request: FastifyRequest, auth: Auth, credentials: Credentials): Promise<Actor> => {
  const apiKey = request.headers["x-api-key"];
  const authorization = request.headers.authorization;
  if (apiKey !== undefined && authorization !== undefined) throw new ChatError("ambiguous_credentials");
  if (typeof apiKey === "string") {
    const actor = await credentials.requireBackend(apiKey);
    if (auth === "session") throw new ChatError("session_required");
    return actor;
  }
  const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new ChatError("unauthorized");
  const { expiresAt: _, ...actor } = await credentials.requireSession(token);
  if (auth === "apiKey") throw new ChatError("api_key_required");
  return actor;
};
