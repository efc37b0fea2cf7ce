import { setTimeout as wait } from "node:timers/promises";
import type { RedisConnection } from "./redis-connection.ts";
import { createRedisConnection } from "./redis-connection.ts";

/**
 * Hears the channels of Redis on a connection of its own.
 *
 * Guarantees: whatever breaks the connection, it comes back by itself, and `onListening` is called each time that the
 * subscription is in force again. It never throws and never ends the process.
 * Lifecycle: connecting -> listening -> (lost -> waiting -> connecting -> listening)* -> closed.
 * Half-open connections: every `probeMs` `probe` is asked to publish to a channel of its own; what does not come back in
 * time counts as a lost connection.
 */
export interface RedisListener extends AsyncDisposable {
  isListening(): boolean;
  /** How often the connection was lost. */
  readonly losses: number;
}

export interface RedisListenerOptions {
  readonly redisUrl: string;
  readonly channels: readonly string[];
  readonly probeChannel: string;
  readonly probe: (channel: string) => void;
  readonly onMessage: (payload: Buffer) => void;
  readonly onListening: () => void;
  readonly onLost: (error: Error) => void;
  readonly probeMs?: number;
}

const probeMsDefault = 5000;
const retryMsMin = 50;
const retryMsMax = 2000;

export const openRedisListener = (options: RedisListenerOptions): RedisListener => {
  const { redisUrl, channels, probeChannel, probeMs = probeMsDefault } = options;
  const closing = new AbortController();
  let losses = 0;
  let listening = false;
  let lost = Promise.withResolvers<void>();

  const connection: RedisConnection = createRedisConnection({
    redisUrl,
    retryMs: 0,
    onLost(error) {
      listening = false;
      losses++;
      lost.resolve();
      options.onLost(error);
    },
  });

  /** Listens until the connection is lost. Rejects when it never came so far. */
  const listenOnce = async (): Promise<void> => {
    lost = Promise.withResolvers();
    let answered = true;
    const client = await connection.require();
    const hear = (payload: Buffer): void => options.onMessage(payload);
    await client.subscribe([...channels], hear, true);
    await client.subscribe(probeChannel, () => (answered = true));
    listening = true;
    options.onListening();
    for (let isOver = false; !isOver;) {
      if (!answered) connection.cut(new Error("unable to hear Redis; a probe did not come back"));
      answered = false;
      options.probe(probeChannel);
      isOver = await Promise.race([lost.promise.then(() => true), pause(probeMs)]);
    }
  };

  const pause = async (ms: number): Promise<boolean> => {
    await wait(ms, undefined, { signal: closing.signal }).catch(() => undefined);
    return closing.signal.aborted;
  };

  const run = async (): Promise<void> => {
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      try {
        await listenOnce();
        attempt = 0;
      } catch (error) {
        // A server that refuses the subscription; a connection that broke has been told of.
        connection.cut(error as Error);
      }
      // The first retry comes soon: most losses are one connection. Then slower, with jitter.
      await pause(Math.min(retryMsMax, retryMsMin * 2 ** attempt) * (0.5 + Math.random() / 2));
    }
  };

  const running = run();
  return {
    isListening: () => listening,
    get losses() {
      return losses;
    },
    async [Symbol.asyncDispose]() {
      listening = false;
      closing.abort();
      connection[Symbol.dispose]();
      await running;
    },
  };
};
