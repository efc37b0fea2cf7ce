import { upEvents } from "@sendsar/protocol/events/up";
import type { UpEvents } from "@sendsar/protocol/events/up";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import { ChatError } from "../chat/chat-error.ts";
import type { Connection, RealtimeContext } from "./context.ts";
import type { Handler } from "./handler.ts";
import { handlers } from "./handlers.ts";
import { closeRoom } from "./handlers/leave-room.ts";
import { stopTyping } from "./handlers/typing.ts";
import type { ChatSocket } from "./io.ts";
import { countEvent } from "./rate-limit.ts";
import { forgetHandshake } from "./transport.ts";

/**
 * Serves one socket, which the handshake has put into its groups, to its end: tells it who is online, and runs its
 * events one after the other, in the order in which they came.
 */
export const serveConnection = (context: RealtimeContext, logger: Logger, socket: ChatSocket): void => {
  const { tenantId, userId } = socket.data;
  const { presence, fanout } = context;
  forgetHandshake(socket);
  const connection: Connection = { socket, tenantId, userId, openRooms: new Set() };
  presence.arrive(tenantId, userId);
  fanout.toSocket(socket, "tenant-presence-snapshot", { onlineUserIds: presence.online(tenantId) });

  let last: Promise<void> = Promise.resolve();
  let budget = limits.socketEventsPerSecondMax;
  let budgetSince = performance.now();
  socket.use(([name, payload], _next) => {
    const now = performance.now();
    if (now - budgetSince >= 1000) [budget, budgetSince] = [limits.socketEventsPerSecondMax, now];
    if (--budget < 0) {
      // Far beyond the limit it is no longer worth answering.
      if (budget < -limits.socketEventsPerSecondMax * 10) socket.disconnect(true);
      else refuse(context, connection, new ChatError("rate_limited"), name, payload);
      return;
    }
    last = last.then(() => handle(context, logger, connection, name, payload));
  });
  socket.on("disconnect", () => {
    void last.then(() => depart(context, connection));
  });
};

const depart = (context: RealtimeContext, connection: Connection): void => {
  for (const roomId of connection.openRooms) closeRoom(context, connection, roomId);
  for (const roomId of connection.socket.data.typingRooms) stopTyping(context, connection, roomId);
  context.presence.leave(connection.tenantId, connection.userId);
};

const handle = async (
  context: RealtimeContext,
  logger: Logger,
  connection: Connection,
  name: unknown,
  payload: unknown,
): Promise<void> => {
  try {
    if (!isUpEvent(name)) throw new ChatError("not_found");
    const parsed = upEvents[name].payload.safeParse(payload);
    if (!parsed.success) throw new ChatError("invalid_request");
    if ("userId" in parsed.data && parsed.data.userId != null && parsed.data.userId !== connection.userId) {
      throw new ChatError("cannot_act_as_other_user");
    }
    countEvent(context.deps.rateLimiter, connection, name, parsed.data as never);
    await (handlers[name] as Handler<keyof UpEvents>)(context, connection, parsed.data as never);
  } catch (error) {
    if (!(error instanceof ChatError)) logger.error({ err: error, tenant: connection.tenantId }, "socket event failed");
    refuse(context, connection, error, name, payload);
  }
};

const isUpEvent = (name: unknown): name is keyof UpEvents => typeof name === "string" && Object.hasOwn(upEvents, name);

const refuse = (
  { fanout }: RealtimeContext,
  { socket }: Connection,
  error: unknown,
  name?: unknown,
  payload?: unknown,
): void => {
  const { message, code } = error instanceof ChatError ? error : new ChatError("database_unavailable");
  // What is refused, when it is something that we know: the client can tell which of its wishes failed.
  const event = isUpEvent(name) ? { event: name } : {};
  const roomId: unknown = typeof payload === "object" && payload !== null && "roomId" in payload ? payload.roomId : "";
  const room = typeof roomId === "string" && roomId !== "" && roomId.length <= roomIdCharsMax ? { roomId } : {};
  fanout.toSocket(socket, "error", { message, code, ...event, ...room });
};

const roomIdCharsMax = 64;
