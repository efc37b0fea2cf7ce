import type { Condition } from "../../src/tenant/conditions.ts";
import type { Tenant, TenantSpec, TenantStatus } from "../../src/tenant/tenant.ts";

/** A Tenant as the API server hands out one with an empty spec. */
export const testTenant = (
  given: {
    readonly metadata?: Partial<Tenant["metadata"]>;
    readonly spec?: Partial<TenantSpec>;
    readonly status?: TenantStatus;
  } = {},
): Tenant => ({
  apiVersion: "chat.sendsar.com/v1alpha1",
  kind: "Tenant",
  metadata: {
    name: "acme",
    namespace: "team",
    uid: "u-1",
    generation: 1,
    resourceVersion: "10",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...given.metadata,
  },
  spec: {
    suspend: false,
    deletionPolicy: "Retain",
    deletionProtection: false,
    gateway: { mode: "Dedicated", replicas: 2, drain: { endpointLagSeconds: 10, spreadSeconds: 45 }, resources: {} },
    exposure: { type: "None" },
    database: { isolation: "Shared", connectionLimit: 40 },
    apiKey: { source: "Generated", overlap: "24h", rotationToken: "" },
    webhookSecret: { overlap: "24h", rotationToken: "" },
    sessionKey: { overlap: "24h", rotationToken: "" },
    settings: { policy: "Enforce", values: {} },
    quotas: {},
    ...given.spec,
  },
  ...(given.status && { status: given.status }),
});

export const testCondition = (given: Partial<Condition> & Pick<Condition, "type">): Condition => ({
  status: "True",
  reason: "Ready",
  message: "It is.",
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00Z",
  ...given,
});
