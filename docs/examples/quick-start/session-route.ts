import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayRefusal, askGateway, reasonOf } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";

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
export const createSessionRoute =
  (gateway: Gateway, findLoggedInUser: FindLoggedInUser) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(body));
    };

    const user = await findLoggedInUser(request);
    if (user === undefined) return answer(401, { error: "Log in to chat" });
    try {
      const [{ token, expiresAt }, { chat: chatSettings }] = await Promise.all([
        askGateway<{ token: string; expiresAt: string }>(gateway, "/auth/token", { userId: user.id }),
        askGateway<{ chat: object }>(gateway, "/tenant/settings"),
      ]);
      const { apiUrl } = gateway;
      answer(200, { token, expiresAt, apiUrl, chatUserId: user.id, displayName: user.name, chatSettings });
    } catch (error) {
      console.error(`unable to open a chat session; ${reasonOf(error)}`);
      if (error instanceof GatewayRefusal) return answer(500, { error: "Chat does not work right now" });
      answer(503, { error: "Chat cannot be reached right now" });
    }
  };
// docs:end(session-route)
