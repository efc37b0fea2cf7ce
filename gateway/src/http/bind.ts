import type { Endpoint } from "@sendsar/protocol/endpoint";
import { keepsAnswer } from "@sendsar/protocol/endpoint";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import { limits } from "@sendsar/protocol/limits";
import type { FastifyInstance } from "fastify";
import type * as z from "zod";
import { ChatError } from "../chat/chat-error.ts";
import type { ChatDeps } from "../chat/deps.ts";
import type { GuardDeps } from "./actor.ts";
import { requireActor } from "./actor.ts";
import type { Call, Handler } from "./handler.ts";
import { handlers } from "./handlers.ts";
import { createAnswerLinker } from "./answer-links.ts";
import { findKeyedRequest } from "./idempotency.ts";
import { createCallCounter } from "./rate-limit.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Milliseconds that finding out who calls took. */
    guardMs?: number;
  }
}

export interface BindOptions extends Pick<GuardDeps, "attempts" | "addressOf"> {
  /** Check every answer against the contract, for tests. */
  readonly checkResponses: boolean;
}

/**
 * Binds every endpoint of the contract: guard, rate limit, then validation, then its handler, once for its
 * `Idempotency-Key` where it has one, all within `requestMsMax`.
 */
export const bindEndpoints = (server: FastifyInstance, deps: ChatDeps, options: BindOptions): void => {
  const { credentials, rateLimiter } = deps;
  const { attempts, addressOf, checkResponses } = options;
  for (const id of Object.keys(endpoints) as EndpointId[]) {
    const endpoint: Endpoint = endpoints[id];
    const handle = handlers[id] as Handler<Endpoint>;
    const counter = rateLimiter && createCallCounter(rateLimiter, id, endpoint);
    const isKeyed = keepsAnswer(endpoint);
    const link = createAnswerLinker(endpoint, deps.files?.links);
    const msMax = endpoint.msMax ?? limits.requestMsMax;
    server.route({
      method: endpoint.method,
      url: endpoint.path,
      ...(endpoint.bodyBytesMax !== undefined && { bodyLimit: endpoint.bodyBytesMax }),
      exposeHeadRoute: false,
      // Before the body is read: who may not call sends nothing to parse.
      onRequest: async (request, reply) => {
        const startedAt = performance.now();
        const guarding = requireActor(request, endpoint.auth, { credentials, attempts, addressOf });
        const actor = await inTime(guarding, limits.requestMsMax);
        request.actor = actor;
        request.guardMs = performance.now() - startedAt;
        if (request.query instanceof ChatError) throw request.query;
        if (counter && !counter.needsBody(actor)) counter.count(request, reply, actor);
      },
      handler: async (request, reply) => {
        const { actor } = request;
        if (!actor) throw new ChatError("unauthorized");
        if (counter?.needsBody(actor)) counter.count(request, reply, actor);
        const call: Call<Endpoint> = {
          actor,
          params: requireValid(endpoint.params, request.params) as never,
          query: requireValid(endpoint.query, request.query) as never,
          body: requireValid(endpoint.body, request.body ?? (endpoint.body ? {} : undefined)) as never,
        };
        const keyed = isKeyed ? findKeyedRequest(request, actor) : undefined;
        const handling = keyed
          ? deps.idempotency.once(
              keyed,
              () => handle(deps, call),
              () => void reply.header("idempotency-replayed", "true"),
            )
          : handle(deps, call);
        // The wait for the body is the client's own time.
        const answer = await inTime(handling, msMax - (request.guardMs ?? 0));
        // Here, and not by whoever made it: an answer that was kept for its `Idempotency-Key` gets fresh links too.
        const body = link(actor.tenantId, answer.body);
        if (checkResponses) endpoint.response.parse(body);
        return reply.code(answer.status as number).send(body);
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
