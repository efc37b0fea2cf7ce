import type { KubeObject } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { toLabels, toOwnerReference } from "./labels.ts";
import { appliedHashAnnotation, toHash } from "./template-hash.ts";

/**
 * Finishes an object of a Tenant: its namespace, labels and owner, and the hash of all of it. Labels and annotations that the
 * object brings along never replace ours.
 */
export const toOwned = <T extends KubeObject>(tenant: Tenant, object: T): T => {
  const { name, labels, annotations } = object.metadata;
  const owned = {
    ...object,
    metadata: {
      name,
      ...(tenant.metadata.namespace !== undefined && { namespace: tenant.metadata.namespace }),
      labels: { ...labels, ...toLabels(tenant) },
      ...(annotations && { annotations }),
      ownerReferences: [toOwnerReference(tenant)],
    },
  };
  return withAppliedHash(owned, owned);
};

/** The object with the hash of `hashed` on it, which is the object itself or what of it may be told. */
export const withAppliedHash = <T extends KubeObject>(object: T, hashed: unknown): T => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, [appliedHashAnnotation]: toHash(hashed) },
  },
});
