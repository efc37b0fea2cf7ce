import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import cors from "@fastify/cors";
import type { FastifyInstance, FastifyServerOptions } from "fastify";
import Fastify, { LogController } from "fastify";
import { API_PREFIX } from "@sendsar/protocol/version";
import { limits } from "@sendsar/protocol/limits";
import type { ChatDeps } from "../chat/deps.ts";
import type { RequestCounts } from "../telemetry/request-counts.ts";
import type { BindOptions } from "./bind.ts";
import { bindEndpoints } from "./bind.ts";
import { serveDocs } from "./docs.ts";
import { serveFiles } from "./files.ts";
import { answerClientError, answerErrors, answerFrameworkError, everyAnswerHeaders, refuseUnrouted } from "./errors.ts";
import type { Health } from "./health.ts";
import { serveHealth } from "./health.ts";
import { parseJsonBodies } from "./json-body.ts";
import { limitPipelining } from "./pipelining.ts";
import { parseQuery } from "./query.ts";

export interface HttpOptions extends BindOptions {
  readonly deps: ChatDeps;
  readonly health: Health;
  readonly requests: RequestCounts;
  /** The server to answer on; sockets share it. */
  readonly httpServer: Server;
  readonly logger: NonNullable<FastifyServerOptions["loggerInstance"]>;
}

/** The REST side of the gateway. Guards are hooks of the route itself, so no spelling of a path goes around them. */
export const createHttpServer = async (options: HttpOptions): Promise<FastifyInstance> => {
  const server = Fastify({
    loggerInstance: options.logger,
    // One line per request is written below: without the query, where people put secrets.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => `req_${randomUUID()}`,
    requestIdHeader: false,
    // From where a request comes is told by `client-address.ts`, for REST and sockets alike.
    trustProxy: false,
    bodyLimit: limits.bodyBytesMax,
    routerOptions: {
      maxParamLength: limits.pathParamCharsMax,
      querystringParser: parseQuery as (query: string) => Record<string, unknown>,
    },
    serverFactory: (handler) => options.httpServer.on("request", limitPipelining(handler)),
    forceCloseConnections: "idle",
    // What comes in until the last connection is closed is answered like anything else.
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  }) as unknown as FastifyInstance;

  answerErrors(server);
  parseJsonBodies(server);
  await server.register(cors, {
    origin: "*",
    methods: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    allowedHeaders: ["authorization", "content-type", "idempotency-key"],
    exposedHeaders: [
      "retry-after",
      "x-request-id",
      "ratelimit-limit",
      "ratelimit-remaining",
      "ratelimit-reset",
      "idempotency-replayed",
    ],
    maxAge: 86_400,
    // Whatever else asks with OPTIONS gets the same answer: the refusal of the strict mode is not of the contract's form.
    strictPreflight: false,
  });
  server.addHook("onRequest", async (request, reply) => {
    reply.headers(everyAnswerHeaders(request.id));
    // Callers that keep their connection take their next request to another gateway, before this one is gone.
    if (options.health.isStopping()) reply.header("connection", "close");
  });
  server.addHook("onRequest", refuseUnrouted);
  server.addHook("onResponse", async (request, reply) => {
    const { method } = request;
    const { statusCode: status } = reply;
    const route = request.routeOptions.url ?? "(none)";
    options.requests.answered(method, route, status, reply.elapsedTime);
    request.log.info(
      {
        method,
        route,
        status,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        tenant: request.actor?.tenantId,
      },
      "request",
    );
  });

  serveHealth(server, options.health);
  await serveDocs(server);
  await serveFiles(server, options.deps);
  await server.register(
    async (scope) => {
      bindEndpoints(scope, options.deps, options);
    },
    { prefix: API_PREFIX },
  );
  return server;
};
