import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import { createKeyRing } from "./auth/key-ring.ts";
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
import type { AdminServer, Running } from "./http/admin-server.ts";
import { startAdminServer } from "./http/admin-server.ts";
import { limitReadTime, requestReadMsMax } from "./http/read-time.ts";
import { followConnections } from "./http/connections.ts";
import { isFilePut } from "./http/files.ts";
import type { Health } from "./http/health.ts";
import { createHttpServer } from "./http/server.ts";
import { createIds } from "./ids.ts";
import { channelPrefixOf, joinPostgresCluster } from "./realtime/cluster/adapter.ts";
import { joinRedisCluster } from "./realtime/cluster/redis-adapter.ts";
import { createIo } from "./realtime/io.ts";
import { createRealtime } from "./realtime/realtime.ts";
import type { Timers } from "./realtime/timers.ts";
import { createPulse, within } from "./pulse.ts";
import type { Db } from "./store/db.ts";
import { openDb } from "./store/db.ts";
import { findOwnRateLimits } from "./store/rate-limits.ts";
import { createSharedReads } from "./store/shared-reads.ts";
import { requireUsableDatabase } from "./store/start-check.ts";
import { waitForDatabase } from "./store/wait-for-database.ts";
import { createCounters } from "./telemetry/counters.ts";
import { openMetricsText } from "./telemetry/metrics-text.ts";
import { createRequestCounts } from "./telemetry/request-counts.ts";

/** A running gateway. */
export interface Gateway {
  /** Port it listens on. */
  readonly port: number;
  /** Port of probes and metrics, when they are served. */
  readonly adminPort: number | undefined;
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
  await using parts = new AsyncDisposableStack();
  let running: Running | undefined;
  const admin =
    config.adminPort === undefined
      ? undefined
      : parts.use(
          await startAdminServer({
            port: config.adminPort,
            host: config.host,
            running: () => running,
            onError: (error) => options.logger.error({ err: error }, "unable to answer on the admin port"),
          }),
        );
  const db = parts.use(await openUsableDatabase(config, options));
  const gateway = await startServing(config, options, db, (started) => (running = started));
  parts.move();
  return withAdmin(gateway, admin);
};

/** The admin port outlives the gateway: who drains it still asks how it is. */
const withAdmin = (gateway: Omit<Gateway, "adminPort">, admin: AdminServer | undefined): Gateway => {
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= gateway.stop().then(() => admin?.[Symbol.asyncDispose]()));
  return { port: gateway.port, adminPort: admin?.port, stop, [Symbol.asyncDispose]: stop };
};

const openUsableDatabase = async (config: Config, { logger, signal }: GatewayOptions): Promise<Db> => {
  const onlyTenantId = onlyTenantOf(config);
  const db = openDb({
    databaseUrl: config.databaseUrl,
    poolMax: config.databasePoolMax,
    onlyTenantId,
    onConnectionError: (error) => logger.warn({ err: error }, "a database connection broke"),
  });
  try {
    await waitForDatabase(() => requireUsableDatabase(db, onlyTenantId), {
      signal: signal ?? new AbortController().signal,
      onWaiting: (error) => logger.warn({ err: error }, "the database does not answer; waiting for it"),
    });
    return db;
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }
};

const onlyTenantOf = ({ keys }: Config): string | undefined => (keys.kind === "tenant" ? keys.tenantId : undefined);

/** Puts together all that serves, and starts it. */
const startServing = async (
  config: Config,
  options: GatewayOptions,
  db: Db,
  onStarted: (running: Running) => void,
): Promise<Omit<Gateway, "adminPort">> => {
  const { logger, now = () => new Date(), timers = globalThis, checkResponses = false } = options;
  const keys = createKeyRing(config.keys);
  const counters = createCounters();
  const requests = createRequestCounts();
  const files = createFiles(config.files, { keys, now });
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
  httpServer.maxConnections = config.connectionsMax;
  // A kept-alive connection that falls idle while a stop is under way would hold it up until the grace is over.
  httpServer.on("request", (_request, response) => {
    response.once("close", () => {
      if (stopping) httpServer.closeIdleConnections();
    });
  });
  const connections = followConnections(httpServer);
  const io = createIo(config.socketTransports);
  const sharedReads = createSharedReads(db);
  const credentials = createCredentials({ db, sharedReads, keys, onlyTenantId: onlyTenantOf(config), now });
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
    counters,
    connectionAgeMsMax: config.connectionAgeMsMax,
    joinCluster(onListening) {
      const channelPrefix = channelPrefixOf(keys);
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
    onCommitted(tenantId, events) {
      counters.messagesCommitted += events.length;
      realtime.announcer.committed(tenantId, events);
    },
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
    cursors: createCursors(keys),
    keys,
    files,
    idempotency: createIdempotency({
      db,
      onError: (error) => logger.warn({ err: error }, "unable to store how a call with an Idempotency-Key ended"),
    }),
    rateLimiter: limited.rateLimiter,
    now,
    newId: createIds(),
  };
  const health: Health = {
    isStopping: () => stopping !== undefined,
    isReady: async () => stopping === undefined && realtime.isCurrent() && (await databaseAnswers()),
  };
  const http = await createHttpServer({
    deps,
    attempts: limited.attempts,
    addressOf,
    logger,
    checkResponses,
    httpServer,
    health,
    requests,
  });
  // After REST, so that Socket.IO takes its own path off before REST sees it.
  io.attach(httpServer);
  if (files?.store.receiver) limitReadTime(httpServer, isFilePut);
  await http.listen({ port: config.port, host: config.host });
  const metrics =
    config.adminPort === undefined
      ? undefined
      : openMetricsText({
          counters,
          requests,
          connections: () => io.of("/").sockets.size,
          writerQueue: () => writer.waiting,
          gaps: realtime.gaps,
          database: db.connections,
          notifications: realtime.notifications,
          isStopping: health.isStopping,
        });
  onStarted({ health, readMetrics: async () => (await metrics?.read()) ?? "" });

  const shutDown = async (): Promise<void> => {
    // Sockets go while requests are still answered; then nothing new comes in and what is under way finishes.
    await realtime.drain(config.stop.spreadMs);
    await within(config.stop.finishMs, Promise.all([http.close(), writer.drain()]));
    connections.cut();
    // At the same time: what still waits for a database that is away ends when its connection is cut.
    await Promise.all([realtime.stop(), clearing.stop(), janitor?.stop(), db[Symbol.asyncDispose]()]);
    await io.close();
    await metrics?.[Symbol.asyncDispose]();
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
