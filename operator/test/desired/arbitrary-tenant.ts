import * as fc from "fast-check";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { toTenant } from "./cases.ts";

/** Names that the schema accepts, up to the longest. */
export const tenantName = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/);

const labelPart = fc.stringMatching(/^[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,20}[a-zA-Z0-9])?$/);
const ourLabel = fc.constantFrom("app.kubernetes.io/name", "app.kubernetes.io/instance", "chat.sendsar.com/tenant");
const ourAnnotation = fc.constantFrom("chat.sendsar.com/config-hash", "prometheus.io/port");

const host = fc.stringMatching(/^[a-z]([-a-z0-9]{0,10}[a-z0-9])?\.example$/);
const hosts = fc.uniqueArray(host, { minLength: 1, maxLength: 3 });
const parentRef = fc.record({
  group: fc.constant("gateway.networking.k8s.io"),
  kind: fc.constant("Gateway"),
  name: tenantName,
});

const exposure = fc.oneof(
  fc.constant({ type: "None" as const }),
  fc.record({
    type: fc.constant("HTTPRoute" as const),
    hosts,
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 2, selector: ({ name }) => name }),
  }),
  fc.record({ type: fc.constant("Ingress" as const), hosts }),
);

const autoscaling = fc.record({
  minReplicas: fc.integer({ min: 1, max: 10 }),
  maxReplicas: fc.integer({ min: 10, max: 100 }),
  connectionsPerPod: fc.integer({ min: 1, max: 1_000_000 }),
  scaleDownStabilizationSeconds: fc.integer({ min: 0, max: 3600 }),
});

const quantity = fc.oneof(fc.constantFrom("0.1", "100m", "1000m", "1.5", ".5", "2"), fc.integer({ min: 1, max: 4 }));
const memory = fc.constantFrom("192Mi", "1024Mi", "1Gi", "0.5Gi", "1e9", "256000k");

const gateway = fc.record(
  {
    replicas: fc.integer({ min: 0, max: 100 }),
    drain: fc.record({
      endpointLagSeconds: fc.integer({ min: 0, max: 300 }),
      spreadSeconds: fc.integer({ min: 0, max: 3600 }),
    }),
    resources: fc.record(
      { requests: fc.record({ cpu: quantity }), limits: fc.record({ cpu: fc.constant("4"), memory }) },
      { requiredKeys: [] },
    ),
    autoscaling,
    podLabels: fc.dictionary(fc.oneof(labelPart, ourLabel), labelPart, { maxKeys: 4 }),
    podAnnotations: fc.dictionary(fc.oneof(labelPart, ourAnnotation), fc.string({ maxLength: 20 }), { maxKeys: 4 }),
    env: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("LOG_LEVEL", "PORT", "TENANT_ID", "DATABASE_URL", "TENANT_KEY", "MINE", "MINE_TOO"),
        value: fc.string({ maxLength: 10 }),
      }),
      { selector: ({ name }) => name },
    ),
  },
  { requiredKeys: ["replicas", "drain", "resources"] },
);

/** Tenants as the schema allows them, and a little more: some labels and variables that it refuses. */
export const arbitraryTenant: fc.Arbitrary<Tenant> = fc
  .record({
    name: tenantName,
    suspend: fc.boolean(),
    gateway,
    exposure,
    connectionLimit: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ name, connectionLimit, ...spec }) => toTenant(name, { ...spec, database: { connectionLimit } }));
