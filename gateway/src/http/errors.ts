import type { Duplex } from "node:stream";
import type { ErrorCode } from "@sendsar/protocol/errors";
import { errors } from "@sendsar/protocol/errors";
import type { ErrorBody } from "@sendsar/protocol/objects/common";
import { endpoints } from "@sendsar/protocol/endpoints";
import { API_PREFIX } from "@sendsar/protocol/version";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { v7 as uuidv7 } from "uuid";
import { ChatError } from "../chat/chat-error.ts";
import { FileStoreError } from "../files/file-store.ts";
import { StoreError, isTransient } from "../store/store-error.ts";

/** Makes every answer that is not 2xx one shape with a stable code; what went wrong inside is only logged. */
export const answerErrors = (server: FastifyInstance): void => {
  server.setErrorHandler((error, request, reply) => {
    const refusal = toChatError(error);
    const { status } = errors[refusal.code];
    if (status >= 500) request.log.error({ err: refusal.cause ?? error, code: refusal.code }, "request failed");
    return sendError(request, reply, refusal);
  });
};

/** Refuses what no route serves, before a body is read: 404, or 405 with the methods that the path has. */
export const refuseUnrouted = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
  if (!request.is404) return;
  const allowed = methodsAt(request.url);
  if (allowed.length === 0) throw new ChatError("not_found");
  reply.header("allow", allowed.join(", "));
  throw new ChatError("method_not_allowed");
};

/** For what the framework refuses before it has found a route, and so before any hook could write headers. */
export const answerFrameworkError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  reply.headers(everyAnswerHeaders(request.id)).header("access-control-allow-origin", "*");
  sendError(request, reply, toChatError(error));
};

/** Headers that every answer has, also those to what is not routed. */
export const everyAnswerHeaders = (requestId: string) => ({
  "x-request-id": requestId,
  "x-content-type-options": "nosniff",
});

/** For what is no HTTP request at all: the answer is written by hand, and the connection closed. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const code: ErrorCode = error.code === "HPE_HEADER_OVERFLOW" ? "headers_too_large" : "invalid_request";
  const requestId = `req_${uuidv7()}`;
  const body = JSON.stringify(toBody(new ChatError(code), requestId));
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "access-control-allow-origin": "*",
    ...everyAnswerHeaders(requestId),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${errors[code].status} ${code}\r\n${lines.join("")}\r\n${body}`);
};

/** Is the same call worth another try, a little later? */
const isPassing = ({ code }: ChatError): boolean =>
  errors[code].status === 503 || errors[code].status === 429 || code === "idempotency_key_in_use";

/** Seconds after which it is, whole ones as `Retry-After` has them. */
const retryAfterSeconds = ({ retryMs = 0 }: ChatError): number => Math.max(1, Math.ceil(retryMs / 1000));

const sendError = (request: FastifyRequest, reply: FastifyReply, refusal: ChatError): FastifyReply => {
  const { status } = errors[refusal.code];
  if (isPassing(refusal)) reply.header("retry-after", retryAfterSeconds(refusal));
  return reply.code(status).type("application/json; charset=utf-8").send(toBody(refusal, request.id));
};

const toBody = ({ code, details }: ChatError, requestId: string): ErrorBody => {
  const { status, sentence } = errors[code];
  return {
    statusCode: status,
    code,
    error: sentence,
    message: sentence,
    requestId,
    ...(details && { details: [...details] }),
  };
};

const toChatError = (error: unknown): ChatError => {
  if (error instanceof ChatError) return error;
  if (error instanceof FileStoreError) return new ChatError("storage_unavailable", { cause: error });
  if (error instanceof StoreError) {
    return new ChatError(isTransient(error) ? "database_unavailable" : "internal", { cause: error.cause });
  }
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known) return new ChatError(known, { cause: error });
  // Whatever else the framework refuses is the client's doing, never a 5xx.
  const byClient = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return new ChatError(byClient ? "invalid_request" : "internal", { cause: error });
};

const frameworkErrors: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "invalid_request",
  FST_ERR_BAD_URL: "not_found",
  FST_ERR_MAX_PARAM_LENGTH: "path_too_long",
  FST_ERR_ROUTE_MAX_PARAM_LENGTH: "path_too_long",
};

const patterns = Object.values(endpoints).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${API_PREFIX}${path.replaceAll(/:\w+/g, "[^/]+")}$`),
}));

/** Methods that the contract has for a path. */
const methodsAt = (url: string): string[] => {
  const path = url.split("?", 1)[0] ?? "";
  return [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
};
