import type { Cache } from "../kube/cache.ts";
import type { KubeObject, ObjectKey, Resource } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";

/** What the watches last told of everything that the operator looks at. */
export interface Caches {
  readonly tenants: Cache<Tenant>;
  /** Of a kind that Tenants own, only what is labelled as ours; undefined while the kind is not watched: not served, or switched off. */
  owned<T extends KubeObject>(resource: Resource<T>): Cache<T> | undefined;
}

/** A Tenant as a visit begins, with the other Tenants that its checks need. */
export interface Observed {
  readonly tenant: Tenant;
  /** Other Tenants that name one of its hosts. */
  readonly rivals: readonly Tenant[];
}

/** Reads the caches, and nothing else. Undefined when there is no such Tenant (any more). */
export const observe = (caches: Caches, key: ObjectKey): Observed | undefined => {
  const tenant = caches.tenants.get(key);
  if (!tenant) return undefined;
  return { tenant, rivals: findRivals(caches.tenants, tenant) };
};

/** The other Tenants that name a host of this one. */
export const findRivals = (tenants: Cache<Tenant>, tenant: Tenant): readonly Tenant[] => {
  const hosts = new Set(toHosts(tenant));
  if (hosts.size === 0) return [];
  return tenants
    .list()
    .filter((other) => other.metadata.uid !== tenant.metadata.uid && toHosts(other).some((host) => hosts.has(host)));
};

/** The hosts that a Tenant asks for. */
export const toHosts = ({ spec }: Tenant): readonly string[] =>
  spec.exposure.type === "None" ? [] : (spec.exposure.hosts ?? []);
