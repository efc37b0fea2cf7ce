import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { limits } from "@sendsar/protocol/limits";
import type { Logger } from "pino";
import type { Announcer } from "../chat/announcer.ts";
import type { Attempts } from "../chat/attempts.ts";
import type { Credentials } from "../chat/credentials.ts";
import type { SharedRateLimiter } from "../chat/rate-limiter/rate-limiter.ts";
import type { FileLinks } from "../files/links.ts";
import type { Db } from "../store/db.ts";
import type { Counters } from "../telemetry/counters.ts";
import { readNews, readRoomLog } from "../store/log.ts";
import { listRoomHeadsOf } from "../store/rooms.ts";
import type { SharedReads } from "../store/shared-reads.ts";
import type { Cluster, ClusterCounts } from "./cluster/adapter.ts";
import { createBus, createDoorbellRinger } from "./cluster/bus.ts";
import { startRateLimitExchange } from "./cluster/rate-limit-exchange.ts";
import { serveConnection } from "./connection.ts";
import { createDeliverer, createDelivery } from "./delivery.ts";
import { drainSockets } from "./drain.ts";
import { createFanout } from "./fanout.ts";
import type { Feed } from "./feed/feed.ts";
import { createFeed } from "./feed/feed.ts";
import { startNewsPoll } from "./feed/news-poll.ts";
import { createGroups } from "./groups.ts";
import { createHandshake } from "./handshake.ts";
import { createInterest } from "./interest/interest.ts";
import type { ChatServer } from "./io.ts";
import { createPresence } from "./presence/presence.ts";
import { createRevoker } from "./revocation.ts";
import { startSweeper } from "./sweeper.ts";
import type { Timers } from "./timers.ts";

/** Everything between the log and the sockets. */
export interface Realtime {
  /** What the chat functions tell of their commits. */
  readonly announcer: Announcer;
  /** True while what others commit is heard of, and the log answers. */
  isCurrent(): boolean;
  /** Lets nobody in any more and sends away those who are, spread over `spreadMs`. */
  drain(spreadMs: number): Promise<void>;
  /** Rooms in which something is known to be missing. */
  gaps(): number;
  /** What went wrong between gateways so far. */
  notifications(): ClusterCounts;
  stop(): Promise<void>;
}

export interface RealtimeOptions {
  readonly io: ChatServer;
  readonly db: Db;
  readonly sharedReads: SharedReads;
  readonly credentials: Credentials;
  /** Undefined when nothing is limited, like `attempts`. */
  readonly rateLimiter: SharedRateLimiter | undefined;
  readonly attempts: Attempts | undefined;
  /** Undefined when files are kept nowhere. */
  readonly fileLinks: FileLinks | undefined;
  /** From which address a request comes. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly now: () => Date;
  readonly counters: Counters;
  /** How long a socket may stay, about; undefined: as long as it likes. */
  readonly connectionAgeMsMax: number | undefined;
  /** Joins the server with those of other gateways. */
  readonly joinCluster: (onListening: () => void) => Cluster;
}

/** Puts the parts together. The composition root of this folder. */
export const createRealtime = (options: RealtimeOptions): Realtime => {
  const { io, db, sharedReads, credentials, rateLimiter, fileLinks, logger, timers, now, counters, joinCluster } =
    options;
  let draining = false;
  const cluster = joinCluster(() => {
    poll.hurry();
    presence.resync();
    interest.resync();
  });
  const groups = createGroups(io);
  const bus = createBus(io);
  const fanout = createFanout(io, bus, counters);
  const self = randomUUID();
  const presence = createPresence({ self, bus, fanout, timers });
  const interest = createInterest({
    ...{ self, bus, timers, counters },
    now: () => performance.now(),
    isListening: () => cluster.isListening(),
    lookAgain: () => poll.hurry(),
  });
  const feed: Feed = createFeed({
    timers,
    readLog(tenantId, roomId, afterSeq, limit) {
      counters.gapReads++;
      return readRoomLog(db, tenantId, roomId, afterSeq, limit);
    },
    deliver: createDeliverer(
      fanout,
      groups,
      presence,
      (tenantId, roomId, seq) => feed.open(tenantId, roomId, seq),
      fileLinks,
    ),
    onReadError: (error) => logger.warn({ err: error }, "unable to read the log; trying again"),
    onInterest: interest.changed,
  });
  groups.onRoomEmpty((tenantId, roomId) => feed.close(tenantId, roomId));
  const ringer = createDoorbellRinger(bus, timers, () => performance.now());
  const delivery = createDelivery({ feed, groups, bus, ringer, interest });

  const revoker = createRevoker({ credentials, groups, fanout });
  const poll = startNewsPoll({
    timers,
    read: (cursor) => readNews(db, cursor),
    onNews: (news) => {
      delivery.news(news);
      revoker.revoke(news.revocations);
    },
    onError: (error) => logger.warn({ err: error }, "unable to read the news; trying again"),
  });
  const sweeper = startSweeper({
    io,
    fanout,
    timers,
    now,
    onSlowConsumer(socket) {
      counters.slowConsumersCut++;
      logger.warn({ tenant: socket.data.tenantId }, "cutting a client that does not read");
    },
    onAged: () => counters.sentAwayByAge++,
  });

  const exchange = rateLimiter && startRateLimitExchange(rateLimiter, bus, timers);

  const context = { deps: { db, rateLimiter }, fileLinks, fanout, presence, feed, counters };
  io.use(
    createHandshake({
      credentials,
      rateLimiter,
      attempts: options.attempts,
      addressOf: options.addressOf,
      presence,
      groups,
      feed,
      listRoomHeads: (tenantId, userId) => listRoomHeadsOf(sharedReads, tenantId, userId, limits.userRoomsMax),
      ageMsMax: options.connectionAgeMsMax,
      now,
      isOpen: () => !draining,
      begun: poll.begun,
      logger,
    }),
  );
  io.on("connection", (socket) => {
    counters.connects++;
    serveConnection(context, logger, socket);
    void revoker.confirm(socket);
  });

  return {
    announcer: { committed: delivery.committed, roomRead: fanout.roomRead },
    isCurrent: () => !draining && poll.isCurrent() && cluster.isReady(),
    gaps: feed.gaps,
    notifications: cluster.counts,
    async drain(spreadMs) {
      draining = true;
      await drainSockets(io, spreadMs, () => counters.sentAwayByDrain++);
    },
    async stop() {
      sweeper.stop();
      ringer.stop();
      exchange?.stop();
      feed.stop();
      presence.stop();
      interest.stop();
      await Promise.all([poll.stop(), cluster[Symbol.asyncDispose]()]);
    },
  };
};
