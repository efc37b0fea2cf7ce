import { isDeepStrictEqual } from "node:util";
import { resources } from "./desired/kinds.ts";
import { tenantLabel } from "./desired/labels.ts";
import type { CacheChange } from "./kube/cache.ts";
import type { KubeObject, ObjectKey, Resource } from "./kube/kube-object.ts";
import { toKey } from "./kube/kube-object.ts";
import type { Tenant } from "./tenant/tenant.ts";

/** Does a change of a Tenant ask for a visit? What the operator writes itself, its status, does not. */
export const concernsTenant = ({ before, after }: CacheChange<Tenant>): boolean =>
  !before || !after || !isDeepStrictEqual(toAsked(before), toAsked(after));

/** Annotations, labels and finalizers do not change the generation (pitfall 25). */
const toAsked = ({ metadata }: Tenant): unknown => {
  const { uid, generation, labels, annotations, finalizers, deletionTimestamp } = metadata;
  return { uid, generation, labels, annotations, finalizers, deletionTimestamp };
};

/** The Tenants that a change of an owned object concerns: what it was, and what it is. Empty when nothing changed that counts. */
export const toTenantKeys = (
  resource: Resource,
  { before, after }: CacheChange<KubeObject>,
): ReadonlySet<ObjectKey> => {
  if (before && after && isDeepStrictEqual(toRelevant(resource, before), toRelevant(resource, after))) return new Set();
  return new Set([before, after].flatMap((object) => (object && toOwnerKey(object)) ?? []));
};

/** The Tenant whose object it is, or was meant to be; undefined for one of nobody. */
export const toOwnerKey = ({ metadata }: KubeObject): ObjectKey | undefined => {
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === "Tenant" && controller === true);
  const name = owner?.name ?? metadata.labels?.[tenantLabel];
  return name === undefined ? undefined : toKey({ namespace: metadata.namespace ?? "", name });
};

/** What of an object a visit looks at. An autoscaler tells a new measurement four times a minute, a budget each pod's coming. */
const toRelevant = (resource: Resource, object: KubeObject): unknown => {
  const { status, metadata, ...content } = object as KubeObject & { readonly status?: StatusWithConditions };
  const { uid, labels, annotations, ownerReferences, deletionTimestamp } = metadata;
  const identity = { uid, labels, annotations, ownerReferences, deletionTimestamp };
  // Of metadata alone only this tells that the content has changed.
  const version = resource.metadataOnly ? metadata.resourceVersion : metadata.generation;
  return { identity, version, content, status: toRelevantStatus(resource, status) };
};

interface StatusWithConditions {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
}

const toRelevantStatus = ({ plural }: Resource, status: StatusWithConditions | undefined): unknown => {
  switch (plural) {
    case resources.deployment.plural:
    case resources.httpRoute.plural:
    case resources.ingress.plural:
      return status;
    case resources.horizontalPodAutoscaler.plural:
      return status?.conditions?.map(({ type, status: is, reason }) => ({ type, is, reason }));
    default:
      return undefined;
  }
};
