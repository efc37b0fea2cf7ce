import type { DesiredConfig, DesiredInput } from "../../src/desired/desired-config.ts";
import type { Tenant, TenantSpec } from "../../src/tenant/tenant.ts";

/** Parts of a spec, as deep as a test wants to say something; the rest is what the schema's defaults make of it. */
export type SpecParts = {
  readonly [K in keyof TenantSpec]?: TenantSpec[K] extends object | undefined ? Partial<TenantSpec[K]> : TenantSpec[K];
};

export const baseConfig: DesiredConfig = {
  gatewayImage:
    "registry.example/sendsar/gateway@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
  imagePullSecrets: [],
  gatewayEnvironment: { LOG_LEVEL: "info" },
  minReadySeconds: 10,
  networkPolicy: {
    databaseHost: "postgres.data.svc",
    databasePort: 5432,
    publicFrom: [],
    adminFrom: [],
    extraEgress: [],
  },
};

const { networkPolicy: _policies, ...configWithoutPolicies } = baseConfig;

/** A Tenant as the API server keeps it: with an identity, and with the schema's defaults. */
export const toTenant = (name: string, spec: SpecParts = {}): Tenant => {
  const { gateway, exposure, database, apiKey, webhookSecret, sessionKey, settings, quotas, ...rest } = spec;
  return {
    apiVersion: "chat.sendsar.com/v1alpha1",
    kind: "Tenant",
    metadata: { name, namespace: "chat", uid: "5f0c6d0e-7a53-4c4e-9e0a-2f0b7a7d9c11", generation: 1 },
    spec: {
      suspend: false,
      deletionPolicy: "Retain",
      deletionProtection: false,
      ...rest,
      gateway: {
        mode: "Dedicated",
        replicas: 2,
        drain: { endpointLagSeconds: 10, spreadSeconds: 45 },
        resources: { requests: { cpu: "100m", memory: "192Mi" } },
        ...gateway,
      },
      exposure: { type: "None", ...exposure },
      database: { isolation: "Shared", connectionLimit: 40, ...database },
      apiKey: { source: "Generated", overlap: "24h", rotationToken: "", ...apiKey },
      webhookSecret: { overlap: "24h", rotationToken: "", ...webhookSecret },
      sessionKey: { overlap: "24h", rotationToken: "", ...sessionKey },
      settings: { policy: "Enforce", values: {}, ...settings },
      quotas: { ...quotas },
    },
  };
};

export const toInput = (tenant: Tenant, input: Partial<DesiredInput> = {}): DesiredInput => ({
  tenant,
  tenantId: tenant.spec.tenantId ?? tenant.metadata.name,
  loginId: "0197a0c0-0000-7000-8000-000000000001",
  customMetricsServed: true,
  config: baseConfig,
  ...input,
});

/** As the schema defaults it. */
const gateway = { group: "gateway.networking.k8s.io", kind: "Gateway" };

const longName = "a-tenant-with-forty-characters-in-a-name";

/** One for each file in `golden/`: what stands there is what people get who write such a Tenant. */
export const cases: Readonly<Record<string, DesiredInput>> = {
  minimal: toInput(toTenant("acme")),
  full: toInput(
    toTenant("acme", {
      tenantId: "acme-production",
      displayName: "Acme Corp",
      gateway: {
        image: "registry.example/sendsar/gateway:1.4.0",
        replicas: 3,
        drain: { endpointLagSeconds: 15, spreadSeconds: 120 },
        resources: { requests: { cpu: "0.5", memory: "512Mi" }, limits: { memory: "1024Mi" } },
        priorityClassName: "chat",
        imagePullSecrets: [{ name: "registry" }, { name: "acme-registry" }],
        env: [
          { name: "S3_SECRET_ACCESS_KEY", valueFrom: { secretKeyRef: { name: "files", key: "secret" } } },
          { name: "LOG_LEVEL", value: "warn" },
          { name: "PORT", value: "1" },
          { name: "DATABASE_URL", value: "postgres://elsewhere" },
        ],
        podLabels: { team: "chat", "app.kubernetes.io/name": "mine" },
        podAnnotations: { "example.com/cost-centre": "7", "chat.sendsar.com/config-hash": "mine" },
        nodeSelector: { "kubernetes.io/arch": "amd64" },
        tolerations: [{ key: "dedicated", operator: "Equal", value: "chat", effect: "NoSchedule" }],
      },
      exposure: {
        type: "HTTPRoute",
        hosts: ["chat.acme.example"],
        parentRefs: [{ ...gateway, name: "edge", namespace: "infra" }],
        annotations: { "example.com/zone": "acme" },
      },
      database: { connectionLimit: 120 },
    }),
    {
      config: {
        ...baseConfig,
        imagePullSecrets: [{ name: "registry" }],
        gatewayEnvironment: { LOG_LEVEL: "info", TRUSTED_PROXIES: "10.0.0.0/8" },
        networkPolicy: {
          databaseHost: "10.4.0.17",
          databasePort: 6432,
          publicFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "infra" } } }],
          adminFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
          extraEgress: [
            { to: [{ podSelector: { matchLabels: { app: "redis" } } }], ports: [{ protocol: "TCP", port: 6379 }] },
          ],
        },
      },
    },
  ),
  autoscaled: toInput(
    toTenant("acme", {
      gateway: {
        autoscaling: {
          minReplicas: 2,
          maxReplicas: 20,
          connectionsPerPod: 5000,
          cpuUtilization: 70,
          scaleDownStabilizationSeconds: 600,
        },
      },
      database: { connectionLimit: 200 },
    }),
  ),
  ingress: toInput(
    toTenant("acme", {
      exposure: {
        type: "Ingress",
        hosts: ["chat.acme.example", "chat.acme.test"],
        ingressClassName: "traefik",
        tlsSecretName: "acme-tls",
        annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" },
      },
    }),
  ),
  "http-route": toInput(
    toTenant("acme", {
      exposure: {
        type: "HTTPRoute",
        hosts: ["chat.acme.example"],
        parentRefs: [{ ...gateway, name: "edge", namespace: "infra", sectionName: "https" }],
      },
    }),
  ),
  suspended: toInput(
    toTenant("acme", {
      suspend: true,
      exposure: { type: "HTTPRoute", hosts: ["chat.acme.example"], parentRefs: [{ ...gateway, name: "edge" }] },
      gateway: {
        autoscaling: { minReplicas: 2, maxReplicas: 5, cpuUtilization: 70, scaleDownStabilizationSeconds: 600 },
      },
    }),
  ),
  "own-database": toInput(toTenant("acme", { database: { isolation: "Database", connectionLimit: 20 } }), {
    config: configWithoutPolicies,
  }),
  "long-name": toInput(
    toTenant(longName, {
      exposure: { type: "HTTPRoute", hosts: ["chat.example"], parentRefs: [{ ...gateway, name: "edge" }] },
    }),
  ),
};
