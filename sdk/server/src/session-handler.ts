import { type SessionRouteOptions, createSessionRoute } from "./chat-session.ts";

/**
 * Creates the route that a client fetches its chat session from, for servers that speak `Request` and `Response`: Next.js,
 * Hono, Bun, Deno, SvelteKit. It answers GET and POST with `{ token, expiresAt, apiUrl, chatUserId, displayName, chatSettings }`,
 * 401 when `authenticate` finds nobody and 503 while the gateway is away, and never rejects. Throws `invalid_options` for
 * an `expiresIn` below 600.
 *
 * @example
 * import { createSessionHandler } from "@sendsar/server-sdk";
 *
 * export const POST = createSessionHandler({ sendsar, authenticate: (request) => findLoggedInUser(request.headers) });
 */
export function createSessionHandler(options: SessionRouteOptions<Request>): (request: Request) => Promise<Response> {
  const route = createSessionRoute(options);
  return async (request) => {
    const { status, headers, body } = await route(request.method, request);
    return new Response(JSON.stringify(body), { status, headers });
  };
}

/** What a Node request must have; `IncomingMessage` and those of Express and Fastify (`request.raw`) do. */
export interface NodeRequest {
  readonly method?: string | undefined;
}

/** What a Node response must have; `ServerResponse` and that of Express do. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/**
 * The same for Node's own server and Express. `authenticate` is given the request as the server made it.
 *
 * @example
 * import { createServer, type IncomingMessage } from "node:http";
 * import { createNodeSessionHandler } from "@sendsar/server-sdk";
 *
 * const authenticate = (request: IncomingMessage) => findLoggedInUser(request.headers);
 * const server = createServer(createNodeSessionHandler({ sendsar, authenticate }));
 */
export function createNodeSessionHandler<R extends NodeRequest>(
  options: SessionRouteOptions<R>,
): (request: R, response: NodeResponse) => Promise<void> {
  const route = createSessionRoute(options);
  return async (request, response) => {
    const { status, headers, body } = await route(request.method, request);
    response.writeHead(status, headers);
    response.end(JSON.stringify(body));
  };
}
