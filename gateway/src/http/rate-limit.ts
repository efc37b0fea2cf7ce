import type { Endpoint } from "@sendsar/protocol/endpoint";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { limits } from "@sendsar/protocol/limits";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Actor } from "../chat/actor.ts";
import { ChatError } from "../chat/chat-error.ts";
import type { RateLimiter, Verdict } from "../chat/rate-limiter/rate-limiter.ts";

/** Counts the calls of one endpoint. */
export interface CallCounter {
  /** True for a call that cannot be counted before its body is there. */
  needsBody(actor: Actor): boolean;
  /**
   * Counts a call and says in the answer's `RateLimit-*` headers how its tighter limit stands (fields of
   * draft-ietf-httpapi-ratelimit-headers-06). Throws `rate_limited` when nothing is left; that is not counted.
   */
  count(request: FastifyRequest, reply: FastifyReply, actor: Actor): void;
}

/**
 * How the calls of an endpoint are counted: for the tenant, and for the user, who is the session's or the one in whose
 * name a backend acts, where the request says so in plain sight.
 */
export const createCallCounter = (limiter: RateLimiter, id: EndpointId, { action }: Endpoint): CallCounter => {
  const named = actingUserAt[id];
  const costAt = costs[id];
  return {
    needsBody: ({ kind }) => costAt !== undefined || (kind === "backend" && named?.in === "body"),
    count(request, reply, actor) {
      const userId = actor.kind === "user" ? actor.userId : named && readName(request[named.in], named.field);
      const verdict = limiter.take(actor.tenantId, userId, action, costAt?.(request.body) ?? 1);
      writeHeaders(reply, verdict);
      if (!verdict.allowed) throw new ChatError("rate_limited", { retryMs: verdict.retryMs });
    },
  };
};

const writeHeaders = (reply: FastifyReply, { limit, remaining, resetMs }: Verdict): void => {
  if (limit === Infinity) return;
  reply
    .header("ratelimit-limit", limit)
    .header("ratelimit-remaining", remaining)
    .header("ratelimit-reset", Math.ceil(resetMs / 1000));
};

/** Where a backend names the user in whose name it acts, or whose token it mints; elsewhere it acts as itself. */
const actingUserAt: { readonly [K in EndpointId]?: { readonly in: "query" | "body"; readonly field: string } } = {
  createToken: { in: "body", field: "userId" },
  listRooms: { in: "query", field: "participantId" },
  getRoom: { in: "query", field: "viewerId" },
  addParticipant: { in: "body", field: "actorUserId" },
  updateParticipant: { in: "body", field: "actorUserId" },
  removeParticipant: { in: "query", field: "actorUserId" },
  clearHistory: { in: "body", field: "userId" },
  deleteRoomForMe: { in: "query", field: "userId" },
  sendMessage: { in: "body", field: "senderId" },
  listMessages: { in: "query", field: "viewerId" },
  getMessage: { in: "query", field: "viewerId" },
  listPinnedMessages: { in: "query", field: "viewerId" },
  editMessage: { in: "body", field: "userId" },
  deleteMessage: { in: "query", field: "userId" },
  toggleReaction: { in: "body", field: "userId" },
  pinMessage: { in: "body", field: "userId" },
  unpinMessage: { in: "query", field: "userId" },
  forwardMessage: { in: "body", field: "userId" },
  markRoomRead: { in: "body", field: "userId" },
  markRoomDelivered: { in: "body", field: "userId" },
  getUnread: { in: "query", field: "userId" },
  listUnread: { in: "body", field: "userId" },
  presignUpload: { in: "body", field: "userId" },
};

/** Calls that are several of their action, as far as the body has been looked at. */
const costs: { readonly [K in EndpointId]?: (body: unknown) => number } = {
  forwardMessage: (body) => {
    const rooms = read(body, "targetRoomIds");
    return Array.isArray(rooms) ? Math.min(Math.max(rooms.length, 1), limits.forwardRoomsMax) : 1;
  },
};

const readName = (from: unknown, field: string): string | undefined => {
  const name = read(from, field);
  return typeof name === "string" && name !== "" && name.length <= limits.userIdCharsMax ? name : undefined;
};

const read = (from: unknown, field: string): unknown =>
  typeof from === "object" && from !== null ? (from as Record<string, unknown>)[field] : undefined;
