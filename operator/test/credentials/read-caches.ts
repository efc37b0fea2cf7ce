import { resources } from "../../src/desired/kinds.ts";
import type { Cache } from "../../src/kube/cache.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import { toKey } from "../../src/kube/kube-object.ts";
import type { Caches } from "../../src/reconcile/observe.ts";
import { managedBySelector } from "../../src/desired/labels.ts";
import { tenants } from "../../src/tenant/tenant-resource.ts";

/** What watches of this namespace would have told by now. */
export const readCaches = async (client: KubeClient, namespace: string): Promise<Caches> => {
  const read = async <T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Promise<Cache<T>> => {
    const { items } = await client.list(resource, { namespace, ...(labelSelector !== undefined && { labelSelector }) });
    const byKey = new Map(items.map((item) => [toKey({ namespace, name: item.metadata.name }), item]));
    return { synced: true, get: (key) => byKey.get(key), list: () => items };
  };
  const kinds: readonly Resource[] = Object.values(resources).filter(({ kind }) => kind !== "Secret");
  const readKind = async (kind: Resource) =>
    (await client.serves(kind)) ? ([[kind.kind, await read(kind, managedBySelector)]] as const) : [];
  const [all, ...found] = await Promise.all([read(tenants), ...kinds.map(readKind)]);
  const owned = new Map<string, Cache<KubeObject>>(found.flat());
  return {
    tenants: all,
    owned: <T extends KubeObject>(resource: Resource<T>) => owned.get(resource.kind) as Cache<T> | undefined,
  };
};
