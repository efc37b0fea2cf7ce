import { randomUUID } from "node:crypto";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import type { ChatServer } from "../io.ts";
import type { Cluster } from "./adapter.ts";
import { createGuardedRedis } from "./guarded-redis.ts";

export interface RedisClusterOptions {
  readonly redisUrl: string;
  /** Begins the names of the deployment's channels and of its stream, so that several can share a Redis. */
  readonly channelPrefix: string;
  /** What others say is heard, for the first time or again: whatever they said before may have been missed. */
  readonly onListening: () => void;
  readonly onError: (error: Error) => void;
  /** Milliseconds between two proofs that what is published is heard. */
  readonly probeMs?: number;
}

/**
 * Joins a Socket.IO server with those of the other gateways over Redis, with `@socket.io/redis-streams-adapter` behind a
 * guard (`guarded-redis.ts`).
 *
 * Redis is no part of what is promised: the log is in Postgres, and each gateway looks there every second. So a gateway
 * is not ready before it has heard Redis once, and when Redis goes away later it serves on: messages come up to a second
 * late, and typing and presence of others not at all.
 */
export const joinRedisCluster = (io: ChatServer, options: RedisClusterOptions): Cluster => {
  const { redisUrl, channelPrefix, probeMs } = options;
  let hasListened = false;
  const guard = createGuardedRedis({
    redisUrl,
    probeChannel: `${channelPrefix}:probe:${randomUUID()}`,
    onListening() {
      hasListened = true;
      options.onListening();
    },
    onError: options.onError,
    ...(probeMs !== undefined && { probeMs }),
  });
  io.adapter(createAdapter(guard.client, { channelPrefix, streamName: `${channelPrefix}:stream` }) as never);
  return {
    isReady: () => hasListened,
    isListening: guard.isListening,
    counts: guard.counts,
    [Symbol.asyncDispose]: guard[Symbol.asyncDispose],
  };
};
