import type { IncomingMessage } from "node:http";
import { demoUsers } from "./demo-data.ts";
import type { LoggedInUser } from "./session-route.ts";

/**
 * THE PLACE FOR YOUR OWN LOGIN. Read your cookie or your session here and answer the user it belongs to.
 *
 * The demo believes the header `x-demo-user`, so that one window can show two users. Whoever can reach this server
 * can be any of the demo users: good for a demo on your own machine, and for nothing else.
 */
export const findLoggedInUser = async (request: IncomingMessage): Promise<LoggedInUser | undefined> =>
  demoUsers.find((user) => user.id === request.headers["x-demo-user"]);
