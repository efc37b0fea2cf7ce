import type { IncomingMessage } from "node:http";
import type { Auth } from "@sendsar/protocol/endpoint";
import type { FastifyRequest } from "fastify";
import type { Actor } from "../chat/actor.ts";
import type { Attempts } from "../chat/attempts.ts";
import { ChatError } from "../chat/chat-error.ts";
import type { Credentials } from "../chat/credentials.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls; there once the route's guard let the request in. */
    actor?: Actor;
  }
}

/** What it takes to find out who calls. */
export interface GuardDeps {
  readonly credentials: Credentials;
  /** Undefined when nothing is limited. */
  readonly attempts: Attempts | undefined;
  /** From which address a request comes. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/**
 * Finds out who calls: the API key from `x-api-key`, or the session token from `Authorization: Bearer`. Throws
 * `unauthorized`, `ambiguous_credentials` for more than one credential, 403 for the wrong kind, and `rate_limited` when
 * too many wrong ones came from the address.
 */
export const requireActor = async (request: FastifyRequest, auth: Auth, deps: GuardDeps): Promise<Actor> => {
  const { credentials, attempts, addressOf } = deps;
  const check = <T>(credential: string, verify: () => Promise<T>): Promise<T> =>
    attempts ? attempts.check(addressOf(request.raw), () => credentials.knows(credential), verify) : verify();
  // Line by line: of two Authorization headers Node keeps the first, and what stands before us may have read the other.
  const { "x-api-key": apiKeys = [], authorization: authorizations = [] } = request.raw.headersDistinct;
  if (apiKeys.length + authorizations.length > 1) throw new ChatError("ambiguous_credentials");
  const [apiKey] = apiKeys;
  const [authorization] = authorizations;
  if (apiKey !== undefined) {
    const actor = await check(apiKey, () => credentials.requireBackend(apiKey));
    if (auth === "session") throw new ChatError("session_required");
    return actor;
  }
  const token = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new ChatError("unauthorized");
  const { expiresAt: _, ...actor } = await check(token, () => credentials.requireSession(token));
  if (auth === "apiKey") throw new ChatError("api_key_required");
  return actor;
};
