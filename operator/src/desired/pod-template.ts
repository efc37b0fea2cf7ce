import type { V1Container, V1PodSpec, V1PodTemplateSpec } from "@kubernetes/client-node";
import type { Tenant } from "../tenant/tenant.ts";
import { toConfigHash } from "./config-map.ts";
import type { DesiredInput } from "./desired-config.ts";
import { toLabels } from "./labels.ts";
import { toNames } from "./names.ts";
import { toContainerEnv } from "./pod-env.ts";
import { containerSecurityContext, podSecurityContext } from "./pod-security.ts";
import { gatewayPorts, portNames } from "./ports.ts";
import { livenessProbe, readinessProbe, startupProbe } from "./probes.ts";
import { toResources } from "./pod-resources.ts";
import { toSpread } from "./spread.ts";
import { configHashAnnotation } from "./template-hash.ts";

/** The name of the gateway's container: `kubectl logs -c gateway`. */
export const containerName = "gateway";

/** Beyond endpoint lag and spread: for the last answers, the listening connections, and the process to end. */
const terminationMarginSeconds = 15;

/** The pods of a Tenant's gateway. Whatever changes in here rolls them all, so a default is changed with care. */
export const toPodTemplate = (input: DesiredInput): V1PodTemplateSpec => {
  const { podLabels, podAnnotations } = input.tenant.spec.gateway;
  return {
    metadata: {
      labels: { ...podLabels, ...toLabels(input.tenant) },
      annotations: { ...podAnnotations, ...scrapeAnnotations, [configHashAnnotation]: toConfigHash(input) },
    },
    spec: toPodSpec(input),
  };
};

/** Which image a Tenant's gateways run: its own choice, or the operator's. */
export const toImage = ({ tenant, config }: Pick<DesiredInput, "tenant" | "config">): string =>
  tenant.spec.gateway.image ?? config.gatewayImage;

/** Read by Prometheus's common scrape configuration for pods; a PodMonitor takes the port's name instead. */
const scrapeAnnotations = {
  "prometheus.io/scrape": "true",
  "prometheus.io/port": String(gatewayPorts.admin),
  "prometheus.io/path": "/metrics",
} as const;

const toPodSpec = (input: DesiredInput): V1PodSpec => {
  const { tenant } = input;
  const { nodeSelector, tolerations, priorityClassName, drain } = tenant.spec.gateway;
  const imagePullSecrets = toImagePullSecrets(input);
  return {
    serviceAccountName: toNames(tenant.metadata.name).gateway,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: drain.endpointLagSeconds + drain.spreadSeconds + terminationMarginSeconds,
    securityContext: podSecurityContext,
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations: [...tolerations] }),
    topologySpreadConstraints: toSpread(tenant),
    containers: [toContainer(input)],
    volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
  };
};

/** The operator's and the Tenant's; a name that both give stands once, for the list's items are told apart by it. */
const toImagePullSecrets = ({ tenant, config }: DesiredInput): { name: string }[] => {
  const names = [...config.imagePullSecrets, ...(tenant.spec.gateway.imagePullSecrets ?? [])].map(({ name }) => name);
  return [...new Set(names)].map((name) => ({ name }));
};

const toContainer = (input: DesiredInput): V1Container => ({
  name: containerName,
  image: toImage(input),
  ports: [
    { name: portNames.http, containerPort: gatewayPorts.http, protocol: "TCP" },
    { name: portNames.admin, containerPort: gatewayPorts.admin, protocol: "TCP" },
  ],
  envFrom: [{ configMapRef: { name: toNames(input.tenant.metadata.name).gateway } }],
  env: toContainerEnv(input),
  resources: toResources(input.tenant),
  startupProbe,
  readinessProbe,
  livenessProbe,
  ...toLifecycle(input.tenant),
  securityContext: containerSecurityContext,
  volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
});

/**
 * A pod that is deleted serves on until the last proxy and balancer has learnt of it: only then the process gets SIGTERM.
 * The action needs no shell in the image, and 0 seconds only since Kubernetes 1.32.
 * Source: https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/3960-pod-lifecycle-sleep-action
 */
const toLifecycle = (tenant: Tenant): Pick<V1Container, "lifecycle"> => {
  const seconds = tenant.spec.gateway.drain.endpointLagSeconds;
  return seconds > 0 ? { lifecycle: { preStop: { sleep: { seconds } } } } : {};
};
