import type { OwnerReference } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";

/** Marks what this operator made: the watches on owned kinds ask for it. */
export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedBy = "sendsar-operator";

/** The selector of those watches. */
export const managedBySelector = `${managedByLabel}=${managedBy}`;

/** Names the Tenant that an object belongs to. */
export const tenantLabel = "chat.sendsar.com/tenant";

/**
 * The labels of all that a Tenant owns.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export const toLabels = (tenant: Tenant): Record<string, string> => ({
  ...toSelector(tenant),
  "app.kubernetes.io/component": "gateway",
  "app.kubernetes.io/part-of": "sendsar",
  [managedByLabel]: managedBy,
  [tenantLabel]: tenant.metadata.name,
});

/** Finds the pods of a Tenant within its namespace. A Deployment's selector cannot change, so neither may this. */
export const toSelector = (tenant: Tenant): Record<string, string> => ({
  "app.kubernetes.io/name": "sendsar-gateway",
  "app.kubernetes.io/instance": tenant.metadata.name,
});

/** The same as a text, as the scale subresource of a Tenant shows it. */
export const toSelectorText = (tenant: Tenant): string =>
  Object.entries(toSelector(tenant))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");

/** With this the garbage collector removes an object after its Tenant, and a foreground deletion waits for it. */
export const toOwnerReference = (tenant: Tenant): OwnerReference => ({
  apiVersion: tenant.apiVersion,
  kind: tenant.kind,
  name: tenant.metadata.name,
  uid: requireUid(tenant),
  controller: true,
  blockOwnerDeletion: true,
});

/** Does this Tenant control the object? The uid decides: a Tenant that was made anew under the same name is another one. */
export const isOwnedBy = (
  object: { readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] } },
  tenant: Tenant,
): boolean =>
  (object.metadata.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === tenant.metadata.uid,
  );

const requireUid = ({ metadata }: Tenant): string => {
  if (metadata.uid === undefined)
    throw new Error("unable to name the owner; the Tenant has no uid, so it was never stored");
  return metadata.uid;
};
