import { createAdapter } from "@socket.io/postgres-adapter";
import type { KeyRing } from "../../auth/key-ring.ts";
import type { Listener } from "../../store/listener.ts";
import { openListener, requireChannel } from "../../store/listener.ts";
import type { Publisher } from "../../store/publisher.ts";
import { openPublisher } from "../../store/publisher.ts";
import type { ChatServer } from "../io.ts";
import { createGuardedPool } from "./guarded-pool.ts";

/** A connection to the other gateways of the same database. */
export interface Cluster extends AsyncDisposable {
  /** True while the gateway may serve, as far as it depends on this connection. */
  isReady(): boolean;
  /** True while what others say is heard. */
  isListening(): boolean;
  /** What went wrong so far, for metrics and alarms. */
  counts(): ClusterCounts;
}

export interface ClusterCounts {
  /** Times that the listening connection was lost. */
  readonly losses: number;
  /** Notifications that could not be sent. */
  readonly dropped: number;
  /** Errors of the adapter. */
  readonly errors: number;
}

export interface PostgresClusterOptions {
  readonly databaseUrl: string;
  /**
   * Of the channel that the gateways of a deployment share: see `channelPrefixOf`. Who can log in to the database and
   * guesses the name can hear and forge; only gateways have a login.
   */
  readonly channelPrefix: string;
  /** What others say is heard, for the first time or again: whatever they said before may have been missed. */
  readonly onListening: () => void;
  readonly onError: (error: Error) => void;
}

/**
 * The prefix for gateways that have these keys: one that only who has them can tell, because NOTIFY has no access rights
 * inside a database.
 */
export const channelPrefixOf = (keys: Pick<KeyRing, "deriveName">): string =>
  `sendsar:${keys.deriveName("notification channel")}`;

/** The channel of a prefix: the adapter has one for each namespace, and there is one namespace. */
export const channelOf = (channelPrefix: string): string => `${channelPrefix}#/`;

/** Bytes of a notification; Postgres refuses 8,000, and the adapter believes that it does not. */
const payloadThreshold = 7500;

/**
 * Joins a Socket.IO server with those of the other gateways over Postgres, with `@socket.io/postgres-adapter` behind a
 * guard (`guarded-pool.ts`). There is one namespace, fixed: the adapter puts its name into SQL.
 */
export const joinPostgresCluster = (io: ChatServer, options: PostgresClusterOptions): Cluster => {
  const { databaseUrl, channelPrefix, onListening } = options;
  const channel = channelOf(channelPrefix);
  requireChannel(channel);
  let errors = 0;
  const onError = (error: Error): void => {
    errors++;
    options.onError(error);
  };
  const publisher: Publisher = openPublisher({ databaseUrl, onError });
  const guard = createGuardedPool(publisher, onError);
  const listener: Listener = openListener({
    databaseUrl,
    channels: [channel],
    onNotification: guard.notify,
    onListening,
    onLost: options.onError,
  });
  const adapter = createAdapter(guard.pool as never, { channelPrefix, payloadThreshold, errorHandler: onError });
  io.adapter(adapter as never);
  return {
    isReady: () => listener.isListening(),
    isListening: () => listener.isListening(),
    counts: () => ({ losses: listener.losses, dropped: publisher.dropped, errors }),
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
};
