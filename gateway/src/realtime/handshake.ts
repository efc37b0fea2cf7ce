import type { IncomingMessage } from "node:http";
import { errors } from "@sendsar/protocol/errors";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import type { Attempts } from "../chat/attempts.ts";
import { ChatError } from "../chat/chat-error.ts";
import type { Session } from "../auth/session-token.ts";
import type { Credentials } from "../chat/credentials.ts";
import type { RateLimiter } from "../chat/rate-limiter/rate-limiter.ts";
import type { RoomHead } from "../store/rooms.ts";
import type { Feed } from "./feed/feed.ts";
import type { Groups } from "./groups.ts";
import type { ChatSocket, SocketData } from "./io.ts";
import type { Presence } from "./presence/presence.ts";
import { toLeavingTime } from "./sweeper.ts";
import { sendAway } from "./transport.ts";

export interface HandshakeOptions {
  readonly credentials: Credentials;
  /** Undefined when nothing is limited, like `attempts`. */
  readonly rateLimiter: RateLimiter | undefined;
  readonly attempts: Attempts | undefined;
  /** From which address a request comes. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly presence: Presence;
  readonly groups: Groups;
  readonly feed: Feed;
  /** The rooms of a user, and the last event of each. */
  readonly listRoomHeads: (tenantId: string, userId: string) => Promise<RoomHead[]>;
  /** How long a socket may stay, about; undefined: as long as it likes. */
  readonly ageMsMax: number | undefined;
  readonly now: () => Date;
  /** False while no socket should come in: the gateway stops, or hears nothing of the others. */
  readonly isOpen: () => boolean;
  /** Resolves when nothing that is committed from then on is missed. */
  readonly begun: Promise<void>;
  readonly logger: Logger;
}

/**
 * Lets a socket in by the session token in `auth.token`. An API key never opens a socket: it would sit in a client. The
 * refusal's message is what the client shows (contract 5.1).
 *
 * Before the client learns that it is connected, the socket is in the groups of all rooms of its user. So whatever is
 * committed before the connect is found by reading, whatever comes after is delivered, nothing falls in between, and
 * nothing comes that was sent before the user was in the room.
 *
 * A refusal for good is a `connect_error` with the message and `data.code`. What is over soon (the gateway stops, the
 * database is away, a user who opens sockets too fast) is a lost connection instead: published clients come back after
 * one, and never after the other.
 */
export const createHandshake =
  (options: HandshakeOptions) =>
  (socket: ChatSocket, next: (error?: Error) => void): void => {
    admit(options, socket).then(
      () => next(),
      (error: unknown) => {
        options.groups.leaveAll(socket.id);
        if (!(error instanceof ChatError)) options.logger.error({ err: error }, "unable to let a socket in");
        const refusal = toRefusal(error);
        if (errors[refusal.code].status === 503 || refusal.retryMs !== undefined) sendAway(socket);
        next(Object.assign(new Error(refusal.message), { data: { code: refusal.code } }));
      },
    );
  };

const admit = async (options: HandshakeOptions, socket: ChatSocket): Promise<void> => {
  const { credentials, presence, groups, feed, rateLimiter, listRoomHeads, isOpen, begun } = options;
  if (!isOpen()) throw new ChatError("shutting_down");
  // Before the look at the session too: what is revoked after it must be heard of.
  await begun;
  const token: unknown = socket.handshake.auth["token"];
  if (typeof token !== "string" || token === "") throw new ChatError("unauthorized");
  if (token.startsWith("sk_")) throw new ChatError("session_required");
  const session = await verifyToken(options, socket, token);
  const { tenantId, userId, issuedAtMs, expiresAt } = session;
  const named: unknown = socket.handshake.auth["userId"];
  if (named !== undefined && named !== userId) throw new ChatError("cannot_act_as_other_user");
  const connect = rateLimiter?.take(tenantId, userId, "connect");
  if (connect && !connect.allowed) throw new ChatError("rate_limited", { retryMs: connect.retryMs });
  if (presence.socketsOf(tenantId, userId) >= limits.socketsPerUserMax) throw new ChatError("rate_limited");
  const leavesAtMs = toLeavingTime(options.now().getTime(), options.ageMsMax);
  const data = { tenantId, userId, issuedAtMs, expiresAt, leavesAtMs, typingRooms: new Set<string>() };
  Object.assign(socket.data, data satisfies SocketData);
  // The user's group before the look: a room that it comes into later reaches the socket through that group.
  groups.enter(socket.id, tenantId, userId);
  // Asked together, so that they travel together.
  const [heads] = await Promise.all([listRoomHeads(tenantId, userId), credentials.confirmSession(session)]);
  // Events that the look has seen and this gateway has not delivered yet come to who was here before. Somebody who came into
  // a room just now must not get with them what was sent before.
  if (!(await feed.reach(tenantId, heads))) throw new ChatError("database_unavailable");
  for (const { roomId, lastSeq } of groups.joinRooms(socket.id, tenantId, userId, heads)) {
    feed.open(tenantId, roomId, lastSeq);
  }
};

const verifyToken = async (
  { credentials, attempts, addressOf }: HandshakeOptions,
  socket: ChatSocket,
  token: string,
): Promise<Session> => {
  const verify = () => credentials.verifyToken(token);
  if (!attempts) return await verify();
  return await attempts.check(addressOf(socket.request), () => credentials.knows(token), verify);
};

/** What failed inside stays inside. */
const toRefusal = (error: unknown): ChatError =>
  error instanceof ChatError ? error : new ChatError("database_unavailable", { cause: error });
