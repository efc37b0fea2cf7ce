import type { Cache, CacheChange } from "./cache.ts";
import type { Clock } from "./clock.ts";
import type { WatchMetrics } from "./engine-metrics.ts";
import type { KubeClient } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeObject, Resource } from "./kube-object.ts";
import { createObjectStore, keyOf } from "./object-store.ts";
import { createWatchRetries } from "./watch-retries.ts";

/**
 * Keeps a cache of the objects of a kind equal to what the API server has (client-go, `tools/cache/reflector.go`).
 *
 * Guarantees: whatever happens to the watch (cut, refused, 401, 429, 500, half-open, compacted), the cache ends up equal
 * to the server, and every difference between two states of the cache was told to the handlers. Handlers run one after
 * the other, after the cache has changed; they only enqueue. What one throws is counted and stops nothing. Once the
 * signal is aborted no handler is called and no request begun.
 */
export interface Reflector<T extends KubeObject> {
  readonly cache: Cache<T>;
  /** Calls the handler with every change from now on, after every object that is there already. */
  onChange(handler: (change: CacheChange<T>) => void): void;
  /** Resolves when the cache holds a whole list; rejects when the reflector was stopped before. */
  synced(): Promise<void>;
  /** Lists and watches until the signal is aborted, then resolves. Called once. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, "list" | "watch" | "recovery">;
  readonly clock: Clock;
  readonly resource: Resource<T>;
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metrics?: WatchMetrics;
  /** Every failure of a list, a watch or a handler, once each. Must not throw. */
  readonly onError?: (error: unknown) => void;
}

/** Objects of a page: a list of any size never blocks the event loop for longer than one of these takes to parse. */
const pageLimit = 500;
/** A server keeps a watch open for 5 to 10 minutes, at random, so that not all come back at the same time. */
const watchSecondsMin = 300;
/** A watch that ended sooner was not healthy, even if nobody called it an error. */
const watchMsMin = 1000;

export const createReflector = <T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> => {
  const { client, clock, resource, namespace, labelSelector, fieldSelector, metrics, onError } = options;
  const scope = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  const handlers: ((change: CacheChange<T>) => void)[] = [];
  const synced = Promise.withResolvers<void>();
  // Nobody has to wait for it.
  synced.promise.catch(() => undefined);
  /** The resourceVersion up to which the cache is; undefined when only a list tells what there is. */
  let position: string | undefined;
  let heardAt = clock.now();
  metrics?.observeAge(() => clock.now() - heardAt);

  const tell = (handler: (change: CacheChange<T>) => void, change: CacheChange<T>): void => {
    try {
      handler(change);
    } catch (error) {
      metrics?.handlerError();
      onError?.(error);
    }
  };
  const store = createObjectStore<T>((change) => {
    for (const handler of handlers) tell(handler, change);
  });

  /**
   * A whole list, in pages, with no resourceVersion: the newest state there is. `"0"` would be cheaper for an old server
   * but may answer a state older than one this cache has shown already, and ignores the limit (KEP-3157, KEP-2340).
   */
  const list = async (signal: AbortSignal): Promise<string> => {
    const objects: T[] = [];
    let continueToken: string | undefined;
    for (;;) {
      const page = await client.list(resource, {
        ...scope,
        limit: pageLimit,
        signal,
        ...(continueToken && { continueToken }),
      });
      signal.throwIfAborted();
      for (const object of page.items) objects.push(object);
      continueToken = page.continueToken;
      if (continueToken) continue;
      heardAt = clock.now();
      metrics?.listed();
      store.replace(objects);
      synced.resolve();
      return page.resourceVersion;
    }
  };

  /** Watches until the server ends it; throws what else ends it. */
  const watch = async (from: string, signal: AbortSignal): Promise<void> => {
    const timeoutSeconds = Math.floor(watchSecondsMin * (1 + clock.random()));
    const options = { ...scope, resourceVersion: from, timeoutSeconds };
    for await (const event of client.watch(resource, options, signal)) {
      // Several events may have come with one packet: the abort counts between them too.
      signal.throwIfAborted();
      if (event.type === "ERROR") throw new KubeError(event.message, { status: event.status });
      heardAt = clock.now();
      metrics?.event();
      if (event.type === "DELETED") store.remove(event.object);
      else if (event.type !== "BOOKMARK") store.put(event.object);
      position = event.type === "BOOKMARK" ? event.resourceVersion : event.object.metadata.resourceVersion;
    }
  };

  /** Lists if it must, watches, and answers what stopped it, if that was a failure. */
  const listAndWatch = async (signal: AbortSignal): Promise<unknown> => {
    try {
      if (position === undefined) position = await list(signal);
      else metrics?.reconnected();
      await watch(position, signal);
      return undefined;
    } catch (error) {
      if (isExpired(error)) position = undefined;
      else if (!signal.aborted) onError?.(error);
      return error;
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    using retries = createWatchRetries(clock, client.recovery);
    try {
      while (!signal.aborted) {
        const startedAt = clock.now();
        const failure = await listAndWatch(signal);
        if (failure === undefined && clock.now() - startedAt >= watchMsMin) continue;
        await retries.wait(failure, signal);
      }
    } catch (error) {
      // Only a sleep throws here, and only when the signal is aborted.
      if (!signal.aborted) throw error;
    } finally {
      synced.reject(new Error(`unable to list ${resource.plural}; the reflector was stopped`));
    }
  };

  return {
    cache: store.cache,
    onChange(handler) {
      for (const after of store.cache.list()) tell(handler, { key: keyOf(after), after });
      handlers.push(handler);
    },
    synced: () => synced.promise,
    run,
  };
};

/** The server no longer has the history from there on: HTTP 410 `Expired`, as an answer or as an event. */
const isExpired = (error: unknown): boolean => error instanceof KubeError && error.status === 410;
