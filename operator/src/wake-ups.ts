import { resources } from "./desired/kinds.ts";
import { concernsTenant, toOwnerKey, toTenantKeys } from "./key-mapping.ts";
import type { CacheChange } from "./kube/cache.ts";
import type { KubeObject, ObjectKey, Resource } from "./kube/kube-object.ts";
import { toKey } from "./kube/kube-object.ts";
import type { WorkQueue } from "./kube/work-queue.ts";
import type { Caches } from "./reconcile/observe.ts";
import { findRivals } from "./reconcile/observe.ts";
import type { RolloutBudget } from "./reconcile/rollout-budget.ts";
import type { Tenant } from "./tenant/tenant.ts";

/** Turns what the watches tell into keys to visit. Before the work begins nothing is queued: then all are, once. */
export interface WakeUps {
  onTenant(caches: Caches, change: CacheChange<Tenant>): void;
  onOwned(resource: Resource, change: CacheChange<KubeObject>): void;
  onServed(caches: Caches, resource: Resource): void;
  /** From now on keys are queued, beginning with these, which nobody is waiting for. */
  begin(keys: Iterable<ObjectKey>): void;
}

/** `callNext` names the Deployments whose turn it is to be rolled, each once. */
export const createWakeUps = (queue: Pick<WorkQueue, "add">, callNext: RolloutBudget["callNext"]): WakeUps => {
  let begun = false;
  const wake = (tenant: Tenant): void => queue.add(keyOf(tenant));
  return {
    onTenant({ tenants }, change) {
      if (!begun || !concernsTenant(change)) return;
      // Somebody is waiting for it.
      queue.add(change.key, "high");
      // Whoever shares a host with it may have got one, or lost it.
      for (const tenant of [change.before, change.after]) if (tenant) findRivals(tenants, tenant).forEach(wake);
    },
    onOwned(resource, change) {
      if (!begun) return;
      for (const key of toTenantKeys(resource, change)) queue.add(key);
      if (resource.plural !== resources.deployment.plural) return;
      // It may have been the end of a rollout.
      for (const key of callNext().flatMap((next) => toOwnerKey(next) ?? [])) queue.add(key);
    },
    onServed({ tenants }, { kind }) {
      if (begun)
        tenants
          .list()
          .filter(({ spec }) => spec.exposure.type === kind)
          .forEach(wake);
    },
    begin(keys) {
      begun = true;
      for (const key of keys) queue.add(key, "low");
    },
  };
};

const keyOf = ({ metadata: { namespace = "", name } }: Tenant): ObjectKey => toKey({ namespace, name });
