import type { Endpoint } from "@sendsar/protocol/endpoint";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import { limits } from "@sendsar/protocol/limits";
import type { FastifyInstance } from "fastify";
import type * as z from "zod";
import { ChatError } from "../chat/chat-error.ts";
import type { ChatDeps } from "../chat/deps.ts";
import { requireActor } from "./actor.ts";
import type { Handler } from "./handlers.ts";
import { handlers } from "./handlers.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Milliseconds that finding out who calls took. */
    guardMs?: number;
  }
}

/** Binds every endpoint of the contract: guard, then validation, then its handler, all within `requestMsMax`. */
export const bindEndpoints = (
  server: FastifyInstance,
  deps: ChatDeps,
  { checkResponses }: { readonly checkResponses: boolean },
): void => {
  for (const id of Object.keys(endpoints) as EndpointId[]) {
    const endpoint: Endpoint = endpoints[id];
    const handle = handlers[id] as Handler<Endpoint>;
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      ...(endpoint.bodyBytesMax !== undefined && { bodyLimit: endpoint.bodyBytesMax }),
      exposeHeadRoute: false,
      // Before the body is read: who may not call sends nothing to parse.
      onRequest: async (request) => {
        const startedAt = performance.now();
        request.actor = await inTime(requireActor(request, endpoint.auth, deps.credentials), limits.requestMsMax);
        request.guardMs = performance.now() - startedAt;
        if (request.query instanceof ChatError) throw request.query;
      },
      handler: async (request, reply) => {
        if (!request.actor) throw new ChatError("unauthorized");
        const handling = handle(deps, {
          actor: request.actor,
          params: requireValid(endpoint.params, request.params) as never,
          query: requireValid(endpoint.query, request.query) as never,
          body: requireValid(endpoint.body, request.body ?? (endpoint.body ? {} : undefined)) as never,
        });
        // The wait for the body is the client's own time.
        const answer = await inTime(handling, limits.requestMsMax - (request.guardMs ?? 0));
        if (checkResponses) endpoint.response.parse(answer.body);
        return reply.code(answer.status as number).send(answer.body);
      },
    });
  }
};

/**
 * Waits for work, but not longer than this: only the database can keep a request waiting, so `database_unavailable` is
 * what it then is. The work goes on; whether it succeeds is unknown.
 */
const inTime = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ChatError("database_unavailable", { cause: tooLate() })), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const tooLate = (): Error => new Error("unable to answer in time; the work for the request takes too long");

/** Throws `invalid_request` that names each field which does not fit. Fields the contract does not know are dropped. */
const requireValid = (schema: z.ZodType | undefined, value: unknown): unknown => {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues
    .slice(0, detailsMax)
    .map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  throw new ChatError("invalid_request", { details });
};

const detailsMax = 10;
