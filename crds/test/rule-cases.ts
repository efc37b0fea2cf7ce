/** A Tenant as somebody writes it. */
export interface WrittenTenant {
  readonly name?: string;
  readonly spec?: object;
}

/** One rule of the definition, what it lets through and what it refuses. */
export interface RuleCase {
  /** Where the rule stands. */
  readonly at: string;
  /** What the person reads whose request is refused. */
  readonly message: string;
  readonly accepts: readonly WrittenTenant[];
  readonly refuses: readonly WrittenTenant[];
  /** What is there already, where the rule is about a change. */
  readonly from?: WrittenTenant;
}

const gateway = (fields: object): WrittenTenant => ({ spec: { gateway: fields } });
const exposure = (fields: object): WrittenTenant => ({ spec: { exposure: fields } });
const apiKey = (fields: object): WrittenTenant => ({ spec: { apiKey: fields } });

const hosts = ["chat.acme.example"];
const parentRefs = [{ name: "edge" }];
const attached = (to: readonly object[]): WrittenTenant => exposure({ type: "HTTPRoute", hosts, parentRefs: to });
const operatorsKey = "chat.sendsar.com/tenant";

/** Every rule, in the order of the definition. */
export const ruleCases: readonly RuleCase[] = [
  {
    at: "",
    message: "the name has at most 40 characters, for the names of its pods are made of it",
    accepts: [{ name: "a".repeat(40) }],
    refuses: [{ name: "a".repeat(41) }],
  },
  {
    at: "",
    message: "the name has small letters, digits and hyphens only, begins with a letter and does not end with a hyphen",
    accepts: [{ name: "a" }, { name: "acme-2" }],
    refuses: [{ name: "2acme" }, { name: "acme.chat" }],
  },
  {
    at: "spec",
    message: "tenantId cannot be changed, nor given later or taken away",
    from: { spec: { tenantId: "acme" } },
    accepts: [{ spec: { tenantId: "acme", suspend: true } }],
    refuses: [{ spec: { tenantId: "other" } }, {}],
  },
  {
    at: "spec",
    message: "tenantId cannot be changed, nor given later or taken away",
    from: {},
    accepts: [{ spec: { suspend: true } }],
    refuses: [{ spec: { tenantId: "acme" } }],
  },
  {
    at: "spec.gateway",
    message: "poolRef is needed where mode is Shared",
    accepts: [gateway({ mode: "Shared", poolRef: { name: "pool" } }), {}],
    refuses: [gateway({ mode: "Shared" })],
  },
  {
    at: "spec.gateway",
    message: "poolRef is for mode Shared only",
    accepts: [gateway({ mode: "Shared", poolRef: { name: "pool" } })],
    refuses: [gateway({ poolRef: { name: "pool" } })],
  },
  {
    at: "spec.gateway",
    message: "autoscaling is for mode Dedicated only, for a pool scales itself",
    accepts: [gateway({ autoscaling: { maxReplicas: 5, cpuUtilization: 70 } })],
    refuses: [
      gateway({ mode: "Shared", poolRef: { name: "pool" }, autoscaling: { maxReplicas: 5, cpuUtilization: 70 } }),
    ],
  },
  {
    at: "spec.gateway.autoscaling",
    message: "minReplicas is not more than maxReplicas",
    accepts: [gateway({ autoscaling: { minReplicas: 5, maxReplicas: 5, cpuUtilization: 70 } })],
    // Without minReplicas it is 2.
    refuses: [
      gateway({ autoscaling: { minReplicas: 6, maxReplicas: 5, cpuUtilization: 70 } }),
      gateway({ autoscaling: { maxReplicas: 1, cpuUtilization: 70 } }),
    ],
  },
  {
    at: "spec.gateway.autoscaling",
    message: "one of connectionsPerPod and cpuUtilization is needed",
    accepts: [
      gateway({ autoscaling: { maxReplicas: 5, connectionsPerPod: 5000 } }),
      gateway({ autoscaling: { maxReplicas: 5, connectionsPerPod: 5000, cpuUtilization: 70 } }),
    ],
    refuses: [gateway({ autoscaling: { maxReplicas: 5 } })],
  },
  {
    at: "spec.gateway.podLabels",
    message: "labels of app.kubernetes.io and chat.sendsar.com are the operator's",
    accepts: [gateway({ podLabels: { team: "chat" } })],
    refuses: [
      gateway({ podLabels: { "app.kubernetes.io/name": "x" } }),
      gateway({ podLabels: { [operatorsKey]: "x" } }),
    ],
  },
  {
    at: "spec.gateway.podAnnotations",
    message: "annotations of chat.sendsar.com are the operator's",
    accepts: [gateway({ podAnnotations: { "sidecar.example/inject": "true" } })],
    refuses: [gateway({ podAnnotations: { [operatorsKey]: "x" } })],
  },
  {
    at: "spec.gateway.env[]",
    message: "a variable has one of value and valueFrom",
    accepts: [gateway({ env: [{ name: "LOG_LEVEL", value: "" }] })],
    refuses: [
      gateway({ env: [{ name: "LOG_LEVEL" }] }),
      gateway({
        env: [{ name: "LOG_LEVEL", value: "debug", valueFrom: { secretKeyRef: { name: "own", key: "level" } } }],
      }),
    ],
  },
  {
    at: "spec.gateway.env[]",
    message: "this variable is set by the operator",
    accepts: [gateway({ env: [{ name: "LOG_LEVEL", value: "debug" }] })],
    refuses: ["MASTER_KEY", "DATABASE_URL", "NODE_OPTIONS"].map((name) => gateway({ env: [{ name, value: "x" }] })),
  },
  {
    at: "spec.gateway.env[].valueFrom",
    message: "a value comes from one of secretKeyRef and configMapKeyRef",
    accepts: [gateway({ env: [{ name: "S3_SECRET", valueFrom: { configMapKeyRef: { name: "own", key: "s3" } } }] })],
    refuses: [
      gateway({ env: [{ name: "S3_SECRET", valueFrom: {} }] }),
      gateway({
        env: [
          {
            name: "S3_SECRET",
            valueFrom: { secretKeyRef: { name: "own", key: "s3" }, configMapKeyRef: { name: "own", key: "s3" } },
          },
        ],
      }),
    ],
  },
  {
    at: "spec.exposure",
    message: "hosts are needed where type is HTTPRoute or Ingress",
    accepts: [exposure({ type: "Ingress", hosts })],
    refuses: [exposure({ type: "Ingress" }), exposure({ type: "HTTPRoute", parentRefs })],
  },
  {
    at: "spec.exposure",
    message: "hosts are for type HTTPRoute and Ingress only",
    accepts: [exposure({ type: "None" })],
    refuses: [exposure({ hosts })],
  },
  {
    at: "spec.exposure",
    message: "parentRefs are needed where type is HTTPRoute",
    accepts: [exposure({ type: "HTTPRoute", hosts, parentRefs })],
    refuses: [exposure({ type: "HTTPRoute", hosts })],
  },
  {
    at: "spec.exposure",
    message: "parentRefs are for type HTTPRoute only",
    accepts: [exposure({ type: "Ingress", hosts })],
    refuses: [exposure({ type: "Ingress", hosts, parentRefs })],
  },
  {
    at: "spec.exposure",
    message: "ingressClassName is for type Ingress only",
    accepts: [exposure({ type: "Ingress", hosts, ingressClassName: "edge" })],
    refuses: [exposure({ type: "HTTPRoute", hosts, parentRefs, ingressClassName: "edge" })],
  },
  {
    at: "spec.exposure",
    message: "tlsSecretName is for type Ingress only, for a Gateway has its own certificates",
    accepts: [exposure({ type: "Ingress", hosts, tlsSecretName: "acme-tls" })],
    refuses: [exposure({ type: "HTTPRoute", hosts, parentRefs, tlsSecretName: "acme-tls" })],
  },
  {
    at: "spec.exposure",
    message: "annotations are for type HTTPRoute and Ingress only",
    accepts: [exposure({ type: "HTTPRoute", hosts, parentRefs, annotations: { team: "chat" } })],
    refuses: [exposure({ annotations: { team: "chat" } })],
  },
  {
    at: "spec.exposure.parentRefs",
    message: "a Gateway that stands here more than once has another sectionName each time",
    accepts: [
      [{ name: "edge" }, { name: "other" }],
      [{ name: "edge" }, { name: "edge", namespace: "infra" }],
      [
        { name: "edge", sectionName: "http" },
        { name: "edge", sectionName: "https" },
      ],
    ].map(attached),
    refuses: [
      [{ name: "edge" }, { name: "edge" }],
      [{ name: "edge" }, { name: "edge", kind: "Gateway" }],
      [{ name: "edge" }, { name: "edge", sectionName: "https" }],
      [
        { name: "edge", sectionName: "https" },
        { name: "edge", sectionName: "https", port: 443 },
      ],
    ].map(attached),
  },
  {
    at: "spec.exposure.annotations",
    message: "annotations of chat.sendsar.com are the operator's",
    accepts: [exposure({ type: "Ingress", hosts, annotations: { team: "chat" } })],
    refuses: [exposure({ type: "Ingress", hosts, annotations: { [operatorsKey]: "x" } })],
  },
  {
    at: "spec.database.isolation",
    message: "isolation cannot be changed, for the data would have to move",
    from: {},
    accepts: [{ spec: { database: { connectionLimit: 20 } } }],
    refuses: [{ spec: { database: { isolation: "Database" } } }],
  },
  {
    at: "spec.database.passwordRotation",
    message: "passwordRotation is a minute at least",
    accepts: [{ spec: { database: { passwordRotation: "720h" } } }, { spec: { database: { passwordRotation: "1m" } } }],
    refuses: [{ spec: { database: { passwordRotation: "59s" } } }],
  },
  {
    at: "spec.apiKey",
    message: "secretName is needed where source is SecretRef",
    accepts: [apiKey({ source: "SecretRef", secretName: "own" })],
    refuses: [apiKey({ source: "SecretRef" })],
  },
  {
    at: "spec.apiKey",
    message: "rotateEvery is for source Generated only; change the key in the Secret instead",
    accepts: [apiKey({ rotateEvery: "2160h" })],
    refuses: [apiKey({ source: "SecretRef", secretName: "own", rotateEvery: "2160h" })],
  },
  {
    at: "spec.apiKey",
    message: "rotationToken is for source Generated only; change the key in the Secret instead",
    accepts: [apiKey({ rotationToken: "2026-11" })],
    refuses: [apiKey({ source: "SecretRef", secretName: "own", rotationToken: "2026-11" })],
  },
  {
    at: "spec.apiKey",
    message: "secretTemplate is for source Generated only",
    accepts: [apiKey({ secretTemplate: { labels: { team: "chat" } } })],
    refuses: [apiKey({ source: "SecretRef", secretName: "own", secretTemplate: {} })],
  },
  {
    at: "spec.apiKey",
    message: "secretName cannot be changed while source is Generated, for the key is in that Secret",
    from: apiKey({ secretName: "own" }),
    accepts: [apiKey({ secretName: "own", overlap: "1h" }), apiKey({ source: "SecretRef", secretName: "other" })],
    refuses: [apiKey({ secretName: "other" }), {}],
  },
  {
    at: "spec.apiKey",
    message: "overlap is shorter than rotateEvery",
    accepts: [apiKey({ rotateEvery: "24h1s" }), apiKey({ rotateEvery: "1h", overlap: "0s" })],
    refuses: [apiKey({ rotateEvery: "24h" }), apiKey({ rotateEvery: "1h", overlap: "2h" })],
  },
  {
    at: "spec.apiKey.rotateEvery",
    message: "rotateEvery is a minute at least",
    accepts: [apiKey({ rotateEvery: "1m", overlap: "30s" })],
    refuses: [apiKey({ rotateEvery: "59s", overlap: "30s" })],
  },
  {
    at: "spec.apiKey.secretTemplate.labels",
    message: "labels of app.kubernetes.io and chat.sendsar.com are the operator's",
    accepts: [apiKey({ secretTemplate: { labels: { team: "chat" } } })],
    refuses: [apiKey({ secretTemplate: { labels: { "app.kubernetes.io/name": "x" } } })],
  },
  {
    at: "spec.apiKey.secretTemplate.annotations",
    message: "annotations of chat.sendsar.com are the operator's",
    accepts: [apiKey({ secretTemplate: { annotations: { "reflector.example/copy": "true" } } })],
    refuses: [apiKey({ secretTemplate: { annotations: { [operatorsKey]: "x" } } })],
  },
  ...(["webhookSecret", "sessionKey"] as const).flatMap((field): RuleCase[] => [
    {
      at: `spec.${field}`,
      message: "overlap is shorter than rotateEvery",
      accepts: [{ spec: { [field]: { rotateEvery: "720h" } } }],
      refuses: [{ spec: { [field]: { rotateEvery: "12h" } } }],
    },
    {
      at: `spec.${field}.rotateEvery`,
      message: "rotateEvery is a minute at least",
      accepts: [{ spec: { [field]: { rotateEvery: "60s", overlap: "0s" } } }],
      refuses: [{ spec: { [field]: { rotateEvery: "10s", overlap: "0s" } } }],
    },
  ]),
];
