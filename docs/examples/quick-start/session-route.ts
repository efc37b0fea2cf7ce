import type { IncomingMessage } from "node:http";
import { type Sendsar, createNodeSessionHandler } from "@sendsar/server-sdk";

/** A user as your own login knows it; `id` is the one given to `POST /v1/users`. */
export interface LoggedInUser {
  readonly id: string;
  readonly name: string;
}

/** Your own login: who sent this request, if anybody? */
export type FindLoggedInUser = (request: IncomingMessage) => Promise<LoggedInUser | undefined>;

// docs:start(session-route)
/**
 * `POST /api/chat/session`: trades your login for a chat session of the same user. Answers 401 when nobody is logged in
 * and 503 while the gateway is away. Fits plain Node and Express: `app.post("/api/chat/session", route)`.
 */
export const createSessionRoute = (sendsar: Sendsar, findLoggedInUser: FindLoggedInUser) =>
  createNodeSessionHandler({ sendsar, authenticate: findLoggedInUser });
// docs:end(session-route)
