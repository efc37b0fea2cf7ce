import { setTimeout as wait } from "node:timers/promises";
import { ErrorReply } from "@redis/client";
import type { RedisListener } from "./redis-listener.ts";
import { openRedisListener } from "./redis-listener.ts";
import { createRedisConnection } from "./redis-connection.ts";

/** The part of a client of the `redis` package that `@socket.io/redis-streams-adapter` uses. */
export interface RedisLike {
  duplicate(): RedisLike;
  on(): RedisLike;
  connect(): Promise<RedisLike>;
  disconnect(): void;
  publish(channel: string, payload: Buffer): Promise<number>;
  subscribe(channels: readonly string[], listener: (payload: Buffer) => void): Promise<void>;
  xRead(streams: { key: string; id: string }[], options: { COUNT: number; BLOCK: number }): Promise<unknown>;
  xAdd(key: string, id: string, fields: Record<string, string>, options: unknown): Promise<string>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** By its presence the adapter knows the package. */
  sSubscribe(): never;
}

export interface GuardedRedis extends AsyncDisposable {
  readonly client: RedisLike;
  isListening(): boolean;
  counts(): { readonly losses: number; readonly dropped: number; readonly errors: number };
}

export interface GuardedRedisOptions {
  readonly redisUrl: string;
  readonly probeChannel: string;
  readonly onListening: () => void;
  readonly onError: (error: Error) => void;
  readonly probeMs?: number;
}

/** Bytes that may be on their way to Redis; more is dropped. */
const unansweredBytesMax = 8_000_000;
const retryMs = 1000;
const answerMsMax = 5000;

/**
 * What the adapter is given instead of a Redis client. On a real one it reads its stream again without a pause when
 * Redis refuses, which keeps a whole core busy or stops the process, and leaves the promise of what it publishes to
 * nobody, so that a broken connection ends the process. Here nothing that it asks for fails: what cannot be published is
 * dropped and counted, as a notification is a hint; what cannot be read is tried again after `retryMs`.
 */
export const createGuardedRedis = (options: GuardedRedisOptions): GuardedRedis => {
  const { redisUrl, probeChannel, onListening, probeMs } = options;
  let closed = false;
  let errors = 0;
  let dropped = 0;
  let unansweredBytes = 0;
  let listener: RedisListener | undefined;
  const never = new Promise<never>(() => undefined);
  const onError = (error: Error): void => {
    errors++;
    options.onError(error);
  };
  const writer = createRedisConnection({ redisUrl, retryMs, onLost: onError });
  // Whoever reads hears of a loss by the reading.
  const reader = createRedisConnection({ redisUrl, retryMs, onLost: () => undefined });

  const publish = async (channel: string, payload: Buffer): Promise<number> => {
    if (closed || unansweredBytes + payload.length > unansweredBytesMax) {
      dropped++;
      return 0;
    }
    unansweredBytes += payload.length;
    // A connection that has gone silent keeps everything that is said on it.
    const timer = setTimeout(() => writer.cut(new Error("unable to publish; Redis does not answer")), answerMsMax);
    try {
      const client = await writer.require();
      return await client.publish(channel, payload);
    } catch (error) {
      // Of a lost connection it has been told already.
      if (error instanceof ErrorReply) onError(error);
      dropped++;
      return 0;
    } finally {
      clearTimeout(timer);
      unansweredBytes -= payload.length;
    }
  };

  const client: RedisLike = {
    duplicate: () => client,
    on: () => client,
    connect: () => Promise.resolve(client),
    disconnect: () => undefined,
    publish,
    async subscribe(channels, onMessage) {
      const probe = (channel: string): void => void publish(channel, Buffer.alloc(0));
      const given = { redisUrl, channels, probeChannel, probe, onMessage, onListening, onLost: options.onError };
      if (!closed) listener = openRedisListener({ ...given, ...(probeMs !== undefined && { probeMs }) });
    },
    async xRead(streams, { COUNT, BLOCK }) {
      try {
        return await (await reader.require()).xRead(streams, { COUNT, BLOCK });
      } catch (error) {
        if (closed) return await never;
        onError(error as Error);
        await wait(retryMs, undefined, { ref: false });
        return null;
      }
    },
    async xAdd(key, id, fields) {
      return await (await writer.require()).xAdd(key, id, fields, streamTrim);
    },
    sendCommand: async (args) => (await writer.require()).sendCommand(args),
    sSubscribe() {
      throw new Error("unable to subscribe; sharded channels are not in use");
    },
  };

  return {
    client,
    isListening: () => listener?.isListening() ?? false,
    counts: () => ({ losses: listener?.losses ?? 0, dropped, errors }),
    async [Symbol.asyncDispose]() {
      closed = true;
      await listener?.[Symbol.asyncDispose]();
      writer[Symbol.dispose]();
      reader[Symbol.dispose]();
    },
  };
};

const streamTrim = { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 10_000 } } as const;
