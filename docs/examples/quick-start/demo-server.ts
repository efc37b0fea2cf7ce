import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Sendsar } from "@sendsar/server-sdk";
import { findLoggedInUser } from "./demo-login.ts";
import { createSessionRoute } from "./session-route.ts";
import { createStaticFiles } from "./static-files.ts";

/** What the demo's server needs to know. */
export interface DemoServerOptions {
  readonly sendsar: Sendsar;
  /** True as soon as the demo users and rooms exist. */
  readonly isReady: () => boolean;
}

/** The tenant's web server: `POST /api/chat/session`, `GET /healthz`, and the files of the page. Not listening yet. */
export const createDemoServer = async (options: DemoServerOptions): Promise<Server> => {
  const sessionRoute = createSessionRoute(options.sendsar, findLoggedInUser);
  const serveFile = await createStaticFiles();
  const policy = contentSecurityPolicy(options.sendsar.apiUrl);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader("content-security-policy", policy);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    if (!isBodySmall(request)) return refuse(response.setHeader("connection", "close"), 413, "The body is too large");

    const path = request.url?.split("?")[0] ?? "/";
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (path === "/api/chat/session") {
      if (request.method === "POST") return sessionRoute(request, response);
      return refuse(response.setHeader("allow", "POST"), 405, "Only POST is answered here");
    }
    if (!isRead) return refuse(response.setHeader("allow", "GET, HEAD"), 405, "Only GET is answered here");
    if (path === "/healthz") {
      return options.isReady() ? send(response, 200, { status: "ok" }) : refuse(response, 503, "The gateway is away");
    }
    if (!(await serveFile(path, response))) refuse(response, 404, "Not found");
  };

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error(`unable to answer ${request.method} ${request.url};`, error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "Something went wrong");
    });
  });
};

const bodyBytesMax = 4096;

/** No route here reads a body, so one of unknown length is as good as a large one. */
const isBodySmall = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) <= bodyBytesMax;

/** Only our own files and the gateway; frames only of our own, for the two panels of the home page. */
const contentSecurityPolicy = (apiUrl: string): string => {
  const { origin } = new URL(apiUrl);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${origin} ${origin.replace(/^http/, "ws")}`,
    "frame-src 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    // Text can never become markup, not even by a mistake of ours: `innerHTML` and its kin throw.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
};

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
};

const refuse = (response: ServerResponse, status: number, error: string): void => send(response, status, { error });
