import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
}

/** Answers GETs by their path; everything else is not found. For probes and scrapers: nothing else is served here. */
export type Routes = Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;

/** Listens on a port of all addresses; 0 takes a free one. Throws when the port is taken. */
export const startHttpServer = async (port: number, routes: Routes): Promise<HttpServer> => {
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "";
    const route = request.method === "GET" && Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route) route(request, response);
    else answer(response, 404, "not found");
  });
  server.listen(port);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

/** Answers with a line of text. */
export const answer = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
};
