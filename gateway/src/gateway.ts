import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { createMasterKey } from "./auth/seal.ts";
import { createCredentials } from "./chat/credentials.ts";
import { createCursors } from "./chat/cursor.ts";
import type { ChatDeps } from "./chat/deps.ts";
import { createMessageWriter } from "./chat/message-writer.ts";
import type { Config } from "./config.ts";
import { createHttpServer } from "./http/server.ts";
import { createFanout } from "./realtime/fanout.ts";
import { serveConnection } from "./realtime/connection.ts";
import { createHandshake } from "./realtime/handshake.ts";
import { createIo } from "./realtime/io.ts";
import { createOpenRooms } from "./realtime/open-rooms.ts";
import type { Timers } from "./realtime/presence.ts";
import { createPresence } from "./realtime/presence.ts";
import type { Db } from "./store/db.ts";
import { openDb } from "./store/db.ts";
import { requireUsableDatabase } from "./store/start-check.ts";

/** A running gateway. */
export interface Gateway {
  /** Port it listens on. */
  readonly port: number;
  /** Ends it: takes no new work, finishes what is under way, cuts what is left after the grace. Safe to repeat. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What tests put in place of the real world. */
export interface GatewayOptions {
  readonly logger: Logger;
  readonly now?: () => Date;
  readonly timers?: Timers;
  /** Check every REST answer against the contract. */
  readonly checkResponses?: boolean;
}

/**
 * The one place where the gateway is put together. Throws when the database cannot be used as it is: another schema, or
 * a role that row-level security does not bind.
 */
export const createGateway = async (config: Config, options: GatewayOptions): Promise<Gateway> => {
  const { logger, now = () => new Date(), timers = globalThis, checkResponses = false } = options;
  const db = openDb({
    databaseUrl: config.databaseUrl,
    poolMax: config.databasePoolMax,
    onConnectionError: (error) => logger.warn({ err: error }, "a database connection broke"),
  });
  try {
    await requireUsableDatabase(db);
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }

  let stopping: Promise<void> | undefined;
  const httpServer = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: 15_000,
    requestTimeout: 30_000,
  });
  // A kept-alive connection that falls idle while a stop is under way would hold it up until the grace is over.
  httpServer.on("request", (_request, response) => {
    response.once("close", () => {
      if (stopping) httpServer.closeIdleConnections();
    });
  });
  const io = createIo(config.socketTransports);
  const fanout = createFanout(io);
  const credentials = createCredentials({ db, masterKey: createMasterKey(config.masterKey), now });
  const writer = createMessageWriter({
    db,
    // Half of the pool writes at most, so that reads always get through.
    flushesMax: Math.ceil(config.databasePoolMax / 2),
    onStored: fanout.messagesStored,
  });
  const deps: ChatDeps = {
    db,
    writer,
    announcer: fanout,
    credentials,
    cursors: createCursors(config.masterKey),
    now,
    newId: () => uuidv7(),
  };

  const presence = createPresence({
    timers,
    onChange: (tenantId, userId, online) => fanout.toTenant(tenantId, "tenant-presence", { userId, online }),
  });
  const context = { deps, fanout, presence, openRooms: createOpenRooms() };
  io.use(createHandshake({ deps, presence, logger }));
  io.on("connection", (socket) => serveConnection(context, logger, socket));

  const http = await createHttpServer({
    deps,
    logger,
    checkResponses,
    httpServer,
    health: { isReady: async () => stopping === undefined && (await answers(db)) },
  });
  // After REST, so that Socket.IO takes its own path off before REST sees it.
  io.attach(httpServer);
  await http.listen({ port: config.port, host: config.host });

  const shutDown = async (): Promise<void> => {
    io.disconnectSockets(true);
    await within(config.shutdownGraceMs, http.close());
    await within(config.shutdownGraceMs, writer.drain());
    httpServer.closeAllConnections();
    await io.close();
    presence.stop();
    await db[Symbol.asyncDispose]();
  };
  const stop = (): Promise<void> => (stopping ??= shutDown());
  return { port: (httpServer.address() as AddressInfo).port, stop, [Symbol.asyncDispose]: stop };
};

const answers = async (db: Db): Promise<boolean> => {
  try {
    await db.ping();
    return true;
  } catch {
    // Whatever the reason, the answer is no; it is logged where the work fails.
    return false;
  }
};

/** Waits for something, but not for ever. */
const within = async (ms: number, work: PromiseLike<unknown>): Promise<void> => {
  const timeout = new AbortController();
  await Promise.race([work, setTimeout(ms, undefined, { signal: timeout.signal }).catch(() => undefined)]);
  timeout.abort();
};
