/**
 * Annotations of a Tenant that ask something of the operator, and what for. Source of the reference page. They do not change
 * `metadata.generation`.
 */
export const tenantAnnotations = {
  "chat.sendsar.com/paused":
    'With `"true"` the operator leaves the Tenant and all it owns alone, its deletion too. Everything runs on as it is.',
  "chat.sendsar.com/adopt":
    "The id of a tenant that was kept when its resource was deleted: this resource takes it over, though its namespace or name are others. Only the id of `spec.tenantId` counts.",
  "chat.sendsar.com/abandon-data":
    "The resource's own `metadata.uid`: its deletion no longer waits for the database. What is there of the tenant stays there, and its credentials keep working until somebody removes them.",
} as const;

export const pausedAnnotation = "chat.sendsar.com/paused" satisfies TenantAnnotation;
export const adoptAnnotation = "chat.sendsar.com/adopt" satisfies TenantAnnotation;
export const abandonDataAnnotation = "chat.sendsar.com/abandon-data" satisfies TenantAnnotation;

export type TenantAnnotation = keyof typeof tenantAnnotations;

/** Keeps a Tenant until the operator has taken down what it made. */
export const tenantFinalizer = "chat.sendsar.com/tenant";

/** Annotations that the operator writes on what it makes, for itself. Source of the reference page. */
export const ownedAnnotations = {
  "chat.sendsar.com/applied-hash":
    "On every object: what it was applied as, so that a field which is no longer wanted is noticed.",
  "chat.sendsar.com/template-hash": "On the Deployment: what its pods are meant to be.",
  "chat.sendsar.com/config-hash": "On pods: the configuration that they started with.",
  "controller.kubernetes.io/pod-deletion-cost":
    'On the gateway with the fewest connections, while they are what the autoscaler goes by: `"-1"`, so that it ends first. Where a pod has another value, the operator sets none.',
  "chat.sendsar.com/api-key-rotation-token":
    "On the Secret of the credentials: the `rotationToken` that its API key was made for.",
  "chat.sendsar.com/webhook-secret-rotation-token":
    "On the Secret of the credentials: the `rotationToken` that its webhook secret was made for.",
  "chat.sendsar.com/login-created-at": "On the Secret of the login: since when it is in force.",
  "chat.sendsar.com/fence":
    "On the Lease: the number of the leadership, where it is greater than the Lease alone would make it.",
  "chat.sendsar.com/retiring-logins": "On the Secret of the login: logins that go with the last pod that uses them.",
} as const;
