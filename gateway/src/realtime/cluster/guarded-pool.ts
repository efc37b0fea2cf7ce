import type { Publisher } from "../../store/publisher.ts";

/** The part of a `pg.Pool` that `@socket.io/postgres-adapter` uses. */
export interface PoolLike {
  connect(): Promise<ClientLike>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly never[] }>;
}

/** The part of a `pg.PoolClient` that it uses. */
export interface ClientLike {
  on(event: string, listener: (...values: never[]) => void): ClientLike;
  query(text: string): Promise<{ readonly rows: readonly never[] }>;
  release(): void;
  removeAllListeners(event?: string): ClientLike;
}

export interface GuardedPool {
  readonly pool: PoolLike;
  /** Gives the adapter what the listener heard. */
  notify(channel: string, payload: string): void;
}

/**
 * What the adapter is given instead of a pool. Run on a real one it ends the process when its LISTEN connection breaks,
 * leaks a connection each time, goes deaf on a silent one, reorders what it publishes and queues behind other queries
 * (docs/decisions/0005). Here it never sees a connection: LISTEN is the listener's, which comes back by itself, and
 * every notification goes through one ordered publisher.
 *
 * Notifications too large for NOTIFY would go to a table of the adapter's; we send none, so that path is refused, and
 * told to `onError`: the adapter keeps such failures to itself.
 */
export const createGuardedPool = (publisher: Publisher, onError: (error: Error) => void): GuardedPool => {
  const listeners = new Set<(message: { channel: string; payload: string }) => void>();
  const nothing = { rows: [] };
  const client: ClientLike = {
    on(event, listener) {
      if (event === "notification") listeners.add(listener as never);
      return client;
    },
    // LISTEN: the listener has done so already, on the one channel that there is.
    query: () => Promise.resolve(nothing),
    release: () => undefined,
    removeAllListeners: () => client,
  };
  return {
    pool: {
      connect: () => Promise.resolve(client),
      async query(text, values = []) {
        const [channel, payload] = values;
        if (/^select pg_notify/i.test(text) && typeof channel === "string" && typeof payload === "string") {
          await publisher.publish(channel, payload);
          return nothing;
        }
        // The adapter clears its table of large payloads every now and then. There is none.
        if (/^delete from/i.test(text)) return nothing;
        const error = new Error("unable to publish; the payload is too large for a notification");
        onError(error);
        throw error;
      },
    },
    notify(channel, payload) {
      for (const listener of listeners) listener({ channel, payload });
    },
  };
};
