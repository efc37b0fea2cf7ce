import { ownedResources } from "./desired/desired-objects.ts";
import { resources } from "./desired/kinds.ts";
import { managedBySelector } from "./desired/labels.ts";
import type { Cache, CacheChange } from "./kube/cache.ts";
import type { Clock } from "./kube/clock.ts";
import type { EngineMetrics } from "./kube/engine-metrics.ts";
import type { KubeClient } from "./kube/kube-client.ts";
import type { KubeObject, Resource } from "./kube/kube-object.ts";
import type { Reflector } from "./kube/reflector.ts";
import { createReflectors } from "./kube/reflectors.ts";
import type { Caches } from "./reconcile/observe.ts";
import type { Tenant } from "./tenant/tenant.ts";
import { tenants } from "./tenant/tenant-resource.ts";

export interface WatchesOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly metrics: Pick<EngineMetrics, "watch">;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly watchSecrets: boolean;
  readonly onTenant: (change: CacheChange<Tenant>) => void;
  readonly onOwned: (resource: Resource, change: CacheChange<KubeObject>) => void;
  /** An optional kind has come to be served, and its cache is whole. */
  readonly onServed: (resource: Resource) => void;
  readonly onError: (resource: Resource, error: unknown) => void;
}

/**
 * The watches on Tenants and on what they own: of the latter only what is labelled as ours, and of Secrets only the metadata.
 * Kinds that a cluster may lack (HTTPRoute) are watched as soon as they are served.
 */
export interface Watches {
  readonly caches: Caches;
  /** Of a kind that is always watched. */
  requireCache<T extends KubeObject>(resource: Resource<T>): Cache<T>;
  readonly synced: boolean;
  /** Resolves when every cache holds a whole list; rejects when the signal of `run` was aborted before. */
  whenSynced(): Promise<void>;
  /** Until the signal is aborted. Called once. */
  run(signal: AbortSignal): Promise<void>;
}

/** Kinds that Tenants own and every cluster serves. */
const standardKinds: readonly Resource[] = [
  ...ownedResources.gateway,
  ...ownedResources.autoscaling,
  resources.ingress,
];

const optionalKinds: readonly Resource[] = [resources.httpRoute];

const secretMetadata: Resource = { ...resources.secret, metadataOnly: true };

export const createWatches = (options: WatchesOptions): Watches => {
  const { client, clock, namespaces, watchSecrets, onTenant, onOwned } = options;
  const reflect = <T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Reflector<T> =>
    createReflectors<T>(
      {
        client,
        clock,
        resource,
        ...(labelSelector !== undefined && { labelSelector }),
        metrics: options.metrics.watch(resource.plural),
        onError: (error) => options.onError(resource, error),
      },
      namespaces,
    );
  const ofTenants = reflect(tenants);
  const reflectOwned = (resource: Resource): Reflector<KubeObject> => {
    const reflector = reflect(resource, managedBySelector);
    reflector.onChange((change) => onOwned(resource, change));
    return reflector;
  };
  ofTenants.onChange(onTenant);
  const required = new Map(
    [...standardKinds, ...(watchSecrets ? [secretMetadata] : [])].map((kind) => [kind.plural, reflectOwned(kind)]),
  );
  const served = new Map<string, Reflector<KubeObject>>();

  const watchWhenServed = async (resource: Resource, signal: AbortSignal): Promise<void> => {
    await waitUntilServed(options, resource, signal);
    if (signal.aborted) return;
    const reflector = reflectOwned(resource);
    const running = reflector.run(signal);
    await reflector.synced().then(
      () => {
        served.set(resource.plural, reflector);
        options.onServed(resource);
      },
      () => undefined,
    );
    await running;
  };

  const owned = <T extends KubeObject>({ plural }: Resource<T>): Cache<T> | undefined =>
    (required.get(plural) ?? served.get(plural))?.cache as Cache<T> | undefined;

  return {
    caches: { tenants: ofTenants.cache, owned },
    requireCache(resource) {
      const cache = owned(resource);
      if (!cache) throw new Error(`unable to look at ${resource.plural}; they are not watched`);
      return cache;
    },
    get synced() {
      return ofTenants.cache.synced && [...required.values()].every(({ cache }) => cache.synced);
    },
    async whenSynced() {
      await Promise.all([ofTenants.synced(), ...[...required.values()].map((reflector) => reflector.synced())]);
    },
    async run(signal) {
      await Promise.all([
        ofTenants.run(signal),
        ...[...required.values()].map((reflector) => reflector.run(signal)),
        ...optionalKinds.map((resource) => watchWhenServed(resource, signal)),
      ]);
    },
  };
};

/** Somebody who installs an optional kind waits for what is made of it. */
const servedPollMs = 5_000;

/** Resolves when the kind is served, or the signal aborted. */
const waitUntilServed = async (
  { client, clock, onError }: WatchesOptions,
  resource: Resource,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      if (await client.serves(resource)) return;
    } catch (error) {
      if (!signal.aborted) onError(resource, error);
    }
    // Only the abort ends a sleep early.
    await clock.sleep(servedPollMs, signal).catch(() => undefined);
  }
};
