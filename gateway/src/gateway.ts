import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import { createMasterKey } from "./auth/seal.ts";
import { createAttempts } from "./chat/attempts.ts";
import { createCredentials } from "./chat/credentials.ts";
import { createCursors } from "./chat/cursor.ts";
import type { ChatDeps } from "./chat/deps.ts";
import { startFileJanitor } from "./chat/file-janitor.ts";
import { createIdempotency } from "./chat/idempotency.ts";
import { createMessageWriter } from "./chat/message-writer.ts";
import { createRateLimiter } from "./chat/rate-limiter/rate-limiter.ts";
import { createTenantRates } from "./chat/rate-limiter/rates.ts";
import { startRoomClearing } from "./chat/room-clearing.ts";
import { createClientAddress } from "./client-address.ts";
import type { Config } from "./config.ts";
import { createFiles } from "./files/files.ts";
import { limitReadTime, requestReadMsMax } from "./http/read-time.ts";
import { followConnections } from "./http/connections.ts";
import { isFilePut } from "./http/files.ts";
import { createHttpServer } from "./http/server.ts";
import { createIds } from "./ids.ts";
import { joinPostgresCluster } from "./realtime/cluster/adapter.ts";
import { joinRedisCluster } from "./realtime/cluster/redis-adapter.ts";
import { createIo } from "./realtime/io.ts";
import { createRealtime } from "./realtime/realtime.ts";
import type { Timers } from "./realtime/timers.ts";
import type { Db } from "./store/db.ts";
import { openDb } from "./store/db.ts";
import { findOwnRateLimits } from "./store/rate-limits.ts";
import { createSharedReads } from "./store/shared-reads.ts";
import { requireUsableDatabase } from "./store/start-check.ts";
import { waitForDatabase } from "./store/wait-for-database.ts";

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
  /** Gives up a start that still waits for the database. */
  readonly signal?: AbortSignal;
  readonly now?: () => Date;
  readonly timers?: Timers;
  /** Check every REST answer against the contract. */
  readonly checkResponses?: boolean;
}

/**
 * The one place where the gateway is put together. Waits a while for a database that does not answer. Throws when it
 * cannot be used as it is: another schema, or a role that row-level security does not bind.
 */
export const createGateway = async (config: Config, options: GatewayOptions): Promise<Gateway> => {
  const { logger, now = () => new Date(), timers = globalThis, checkResponses = false } = options;
  const db = openDb({
    databaseUrl: config.databaseUrl,
    poolMax: config.databasePoolMax,
    onConnectionError: (error) => logger.warn({ err: error }, "a database connection broke"),
  });
  try {
    await waitForDatabase(() => requireUsableDatabase(db), {
      signal: options.signal ?? new AbortController().signal,
      onWaiting: (error) => logger.warn({ err: error }, "the database does not answer; waiting for it"),
    });
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }

  const files = createFiles(config.files, { masterKey: config.masterKey, now });
  // Messages do not need it, so a gateway starts without.
  void files?.store.check().catch((error: unknown) => logger.error({ err: error }, "files cannot be kept"));
  let stopping: Promise<void> | undefined;
  const databaseAnswers = createPulse(db);
  const httpServer = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: 15_000,
    // A file that a client puts here may take long; what else comes is given less below.
    requestTimeout: files?.store.receiver ? limits.uploadPutSecondsMax * 1000 : requestReadMsMax,
  });
  // A kept-alive connection that falls idle while a stop is under way would hold it up until the grace is over.
  httpServer.on("request", (_request, response) => {
    response.once("close", () => {
      if (stopping) httpServer.closeIdleConnections();
    });
  });
  const connections = followConnections(httpServer);
  const io = createIo(config.socketTransports);
  const masterKey = createMasterKey(config.masterKey);
  const sharedReads = createSharedReads(db);
  const credentials = createCredentials({ db, sharedReads, masterKey, now });
  const limited = config.rateLimits ? createLimits(db, logger) : { rateLimiter: undefined, attempts: undefined };
  const addressOf = createClientAddress(config.trustedProxies);
  const realtime = createRealtime({
    io,
    db,
    sharedReads,
    credentials,
    ...limited,
    addressOf,
    fileLinks: files?.links,
    logger,
    timers,
    now,
    joinCluster(onListening) {
      const channelPrefix = deriveChannelPrefix(config.masterKey);
      const onError = (error: Error): void => logger.warn({ err: error }, "trouble with notifications");
      const options = { channelPrefix, onListening, onError };
      const { fanout } = config;
      return fanout.kind === "postgres"
        ? joinPostgresCluster(io, { ...options, databaseUrl: fanout.databaseUrl })
        : joinRedisCluster(io, { ...options, redisUrl: fanout.redisUrl });
    },
  });
  const writer = createMessageWriter({
    db,
    // Half of the pool writes at most, so that reads always get through.
    flushesMax: Math.ceil(config.databasePoolMax / 2),
    onCommitted: realtime.announcer.committed,
  });
  const clearing = startRoomClearing({
    db,
    timers,
    onError: (error) => logger.warn({ err: error }, "unable to clear deleted rooms; trying again later"),
  });
  const janitor =
    files &&
    startFileJanitor({
      db,
      store: files.store,
      timers,
      onError: (error) => logger.warn({ err: error }, "unable to clear up files; trying again later"),
    });
  const deps: ChatDeps = {
    db,
    writer,
    announcer: realtime.announcer,
    credentials,
    cursors: createCursors(config.masterKey),
    masterKey,
    files,
    idempotency: createIdempotency({
      db,
      onError: (error) => logger.warn({ err: error }, "unable to store how a call with an Idempotency-Key ended"),
    }),
    rateLimiter: limited.rateLimiter,
    now,
    newId: createIds(),
  };
  const http = await createHttpServer({
    deps,
    attempts: limited.attempts,
    addressOf,
    logger,
    checkResponses,
    httpServer,
    health: {
      isStopping: () => stopping !== undefined,
      isReady: async () => stopping === undefined && realtime.isCurrent() && (await databaseAnswers()),
    },
  });
  // After REST, so that Socket.IO takes its own path off before REST sees it.
  io.attach(httpServer);
  if (files?.store.receiver) limitReadTime(httpServer, isFilePut);
  await http.listen({ port: config.port, host: config.host });

  const shutDown = async (): Promise<void> => {
    // Sockets go while requests are still answered; then nothing new comes in and what is under way finishes.
    await realtime.drain(config.shutdownGraceMs / 2);
    await within(config.shutdownGraceMs / 2, Promise.all([http.close(), writer.drain()]));
    connections.cut();
    // At the same time: what still waits for a database that is away ends when its connection is cut.
    await Promise.all([realtime.stop(), clearing.stop(), janitor?.stop(), db[Symbol.asyncDispose]()]);
    await io.close();
  };
  const stop = (): Promise<void> => (stopping ??= shutDown());
  return { port: (httpServer.address() as AddressInfo).port, stop, [Symbol.asyncDispose]: stop };
};

/** What limits users, tenants and addresses. */
const createLimits = (db: Db, logger: Logger) => {
  const now = (): number => performance.now();
  const rates = createTenantRates({
    read: (tenantId) => findOwnRateLimits(db, tenantId),
    now,
    onError: (error) => logger.warn({ err: error }, "unable to read a tenant's rate limits; keeping the last known"),
  });
  return { rateLimiter: createRateLimiter({ rates, now }), attempts: createAttempts(now) };
};

/** A name that only those who have the master key can tell: NOTIFY has no access rights inside a database. */
const deriveChannelPrefix = (masterKey: string): string =>
  `sendsar:${createHmac("sha256", masterKey).update("notification channel").digest("hex").slice(0, 32)}`;

/**
 * Finds out whether the database answers, and says no when it takes longer than `pulseMsMax`: who asks whether a gateway is
 * ready does not wait long. However many ask at a time, the database is asked once.
 */
const createPulse = (db: Db): (() => Promise<boolean>) => {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      await db.ping();
      return true;
    } catch {
      // Whatever the reason, the answer is no; it is logged where the work fails.
      return false;
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    asking ??= ask();
    return (await within(pulseMsMax, asking)) === true;
  };
};

const pulseMsMax = 800;

/** Waits for something, but not for ever: answers undefined when it is too late. */
const within = async <T>(ms: number, work: Promise<T>): Promise<T | undefined> => {
  const timeout = new AbortController();
  const late = setTimeout(ms, undefined, { signal: timeout.signal }).catch(() => undefined);
  const first = await Promise.race([work, late]);
  timeout.abort();
  return first;
};
