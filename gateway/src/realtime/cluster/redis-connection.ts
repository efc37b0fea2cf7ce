import { createClient } from "@redis/client";

/** The part of the Redis client that the cluster uses. */
export type RedisClient = ReturnType<typeof newClient>;

export interface RedisConnectionOptions {
  readonly redisUrl: string;
  /** The connection broke, or could not be made. */
  readonly onLost: (error: Error) => void;
  /** Milliseconds between two attempts to connect; `require` rejects in between. */
  readonly retryMs: number;
}

/**
 * One connection to Redis that is made when it is needed, and made anew after a loss when it is needed again. The
 * client's own way of coming back is switched off: it keeps what was said meanwhile, and we would not know that it was
 * away.
 */
export interface RedisConnection extends Disposable {
  /** The client, connected. Rejects when it cannot be had within `connectMsMax`. */
  require(): Promise<RedisClient>;
  /** Ends the connection at once; the next `require` makes another one. */
  cut(error: Error): void;
}

const connectMsMax = 2000;

export const createRedisConnection = ({ redisUrl, onLost, retryMs }: RedisConnectionOptions): RedisConnection => {
  let current: RedisClient | undefined;
  let connecting: Promise<RedisClient> | undefined;
  let attemptedAt = -Infinity;
  let closed = false;

  const lose = (client: RedisClient, error: Error): void => {
    if (current !== client) return;
    current = undefined;
    connecting = undefined;
    end(client);
    if (!closed) onLost(error);
  };

  const connect = async (): Promise<RedisClient> => {
    attemptedAt = performance.now();
    const client = newClient(redisUrl);
    current = client;
    client.on("error", (error: Error) => lose(client, error));
    client.on("end", () => lose(client, new Error("unable to use Redis; the connection ended")));
    const timer = setTimeout(() => lose(client, new Error("unable to use Redis; it does not answer")), connectMsMax);
    try {
      await client.connect();
      return client;
    } catch (error) {
      lose(client, error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    async require() {
      if (closed) throw new Error("unable to use Redis; the connection is closed");
      if (!connecting && performance.now() - attemptedAt < retryMs) throw new Error("unable to use Redis; it is away");
      return await (connecting ??= connect());
    },
    cut(error) {
      if (current) lose(current, error);
    },
    [Symbol.dispose]() {
      closed = true;
      if (current) end(current);
    },
  };
};

const newClient = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMsMax, reconnectStrategy: false, keepAlive: true, keepAliveInitialDelay: 10_000 },
  });

const end = (client: RedisClient): void => {
  if (client.isOpen) client.destroy();
};
