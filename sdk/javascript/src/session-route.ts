import { SendsarError, reasonOf, toRestError, unableTo } from "./errors.ts";
import type { GetSession, Session } from "./options.ts";

/**
 * The `getSession` of an app whose backend has a session route (contract 2.4). Calls it with the page's cookies, and takes
 * its status as the route means it: 401 and 403 say that the user may not chat, anything else that is not 2xx that the
 * client is to try again. `init` is given to `fetch`, for headers of your own.
 *
 * @example
 * import { Sendsar, sessionRoute } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ getSession: sessionRoute("https://shop.example/api/chat/session") });
 * chat.on("connection", ({ state, reason }) => console.log(state, reason ?? ""));
 */
export function sessionRoute(url: string, init: RequestInit = {}): GetSession {
  return async () => {
    const response = await fetch(url, { credentials: "include", cache: "no-store", ...init }).catch(
      (cause: unknown) => {
        throw unableTo("get a session", reasonOf(cause), { code: "network", cause });
      },
    );
    const text = await response.text();
    if (response.ok) return parseSession(text);
    const { message, reason } = toRestError("session", { ...statusOf(response), text });
    throw new SendsarError(message, { code: "session_unavailable", reason, status: response.status });
  };
}

const statusOf = ({ status, statusText }: Response) => ({ status, statusText });

function parseSession(text: string): Session {
  try {
    return JSON.parse(text) as Session;
  } catch (cause) {
    throw unableTo("get a session", "the answer is not JSON", { code: "invalid_answer", cause });
  }
}
