import type { Endpoint } from "@sendsar/protocol/endpoint";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import type { FastifyInstance } from "fastify";
import type * as z from "zod";
import { ChatError } from "../chat/chat-error.ts";
import type { ChatDeps } from "../chat/deps.ts";
import { requireActor } from "./actor.ts";
import type { Handler } from "./handlers.ts";
import { handlers } from "./handlers.ts";

/** Binds every endpoint of the contract: guard, then validation, then its handler. */
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
        request.actor = await requireActor(request, endpoint.auth, deps.credentials);
        if (request.query instanceof ChatError) throw request.query;
      },
      handler: async (request, reply) => {
        if (!request.actor) throw new ChatError("unauthorized");
        const answer = await handle(deps, {
          actor: request.actor,
          params: requireValid(endpoint.params, request.params) as never,
          query: requireValid(endpoint.query, request.query) as never,
          body: requireValid(endpoint.body, request.body ?? (endpoint.body ? {} : undefined)) as never,
        });
        if (checkResponses) endpoint.response.parse(answer.body);
        return reply.code(answer.status as number).send(answer.body);
      },
    });
  }
};

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
