import { isOwnedBy } from "../desired/labels.ts";
import { findDifference } from "../desired/same-as-wanted.ts";
import type { KubeObject, ObjectRef, Resource } from "../kube/kube-object.ts";
import { toKey } from "../kube/kube-object.ts";
import { RetryLater } from "../kube/reconcile-result.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { isLeftover } from "./leftover.ts";

type Deps = Pick<ReconcileDeps, "client" | "caches" | "logger">;
type ApplyDeps = Pick<ReconcileDeps, "client" | "caches" | "logger" | "keptOtherwise">;

/** The field manager of all that is applied as a whole. */
export const objectsManager = "sendsar-operator";

/** There is an object of the name that we need, and it belongs to somebody else. It is left as it is. */
export class ObjectNotOwned extends Error {
  override readonly name = "ObjectNotOwned";
}

/**
 * Makes one object of a Tenant as it is wanted; answers it as it is then. Nothing is sent when the watch shows it so
 * already. What the watch does not show is looked at first: a name that somebody else uses is never taken over.
 * Throws `ObjectNotOwned`, `RetryLater`, `KubeError`, `KubeUnreachable`.
 */
export const applyOwned = async <T extends KubeObject>(
  deps: ApplyDeps,
  tenant: Tenant,
  resource: Resource<T>,
  wanted: T,
): Promise<T> => {
  const ref = toRef(tenant, wanted.metadata.name);
  const live = findOwned(deps, tenant, resource, ref.name) ?? (await deps.client.get(resource, ref));
  if (live && !isOwnedBy(live, tenant))
    throw isLeftover(live, tenant) ? leftover(resource, ref) : notOwned(resource, ref);
  const difference = live ? findDifference(live, deps.keptOtherwise.toExpected(wanted)) : "everything";
  if (live && difference === undefined) return live;
  const applied = await deps.client.apply(resource, wanted, { manager: objectsManager });
  const object = `${resource.kind}/${ref.name}`;
  deps.logger.info({ object, difference }, live ? "restored" : "created");
  const keptOtherwise = deps.keptOtherwise.note(wanted, applied);
  if (keptOtherwise !== undefined) deps.logger.warn({ object, keptOtherwise }, "the API server keeps another value");
  return applied;
};

/**
 * Removes an object of a Tenant, if it is the Tenant's own. True when there is none (any more) as far as the watch has told;
 * false when it has just been told to go.
 */
export const removeOwned = async (
  { client, caches, logger }: Deps,
  tenant: Tenant,
  resource: Resource,
  name: string,
): Promise<boolean> => {
  const live = caches.owned(resource)?.get(toKey(toRef(tenant, name)));
  if (!live || !isOwnedBy(live, tenant)) return true;
  if (live.metadata.deletionTimestamp !== undefined) return false;
  const { uid } = live.metadata;
  if (
    await client.delete(resource, toRef(tenant, name), { ...(uid !== undefined && { uid }), propagation: "Background" })
  ) {
    logger.info({ object: `${resource.kind}/${name}` }, "removed");
  }
  return false;
};

/** An object with a Tenant's labels, as the watch last told of it: whose it is, is still to be checked. */
export const findOwned = <T extends KubeObject>(
  { caches }: Pick<Deps, "caches">,
  tenant: Tenant,
  resource: Resource<T>,
  name: string,
): T | undefined => caches.owned(resource)?.get(toKey(toRef(tenant, name)));

/** Names an object in the Tenant's namespace. */
export const toRef = ({ metadata }: Tenant, name: string): ObjectRef => ({ namespace: metadata.namespace ?? "", name });

const leftover = ({ kind }: Resource, { name }: ObjectRef): RetryLater =>
  new RetryLater(`unable to make ${kind} ${name}; that of the Tenant of this name before is being removed`, 1000);

const notOwned = ({ kind }: Resource, { namespace, name }: ObjectRef): ObjectNotOwned =>
  new ObjectNotOwned(
    `unable to make ${kind} ${name}; namespace ${namespace} has one that does not belong to this Tenant. Remove or rename it`,
  );
