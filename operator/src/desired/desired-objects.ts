import type { KubeObject, Resource } from "../kube/kube-object.ts";
import { toConfigMap } from "./config-map.ts";
import { toDeployment } from "./deployment.ts";
import type { DesiredInput } from "./desired-config.ts";
import { toHorizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { toHttpRoute } from "./http-route.ts";
import { toIngress } from "./ingress.ts";
import { resources } from "./kinds.ts";
import { toNetworkPolicy } from "./network-policy.ts";
import { toPodDisruptionBudget } from "./pod-disruption-budget.ts";
import { isAsleep } from "./replicas.ts";
import { toServiceAccount } from "./service-account.ts";
import { toService } from "./service.ts";

/**
 * What a Tenant owns beside its Secrets, in the order in which it is applied: what pods refer to before the Deployment,
 * and what leads to them after it. Pure: no clock, no chance, nothing read. What a Tenant has of `ownedResources` and is
 * not in here is to be removed.
 */
export const desiredObjects = (input: DesiredInput): readonly KubeObject[] => [
  ...gatewayObjects(input),
  ...autoscalingObjects(input),
  ...exposureObjects(input),
];

/** The kinds of these objects, by the stage that looks after them. */
export const ownedResources = {
  gateway: [
    resources.serviceAccount,
    resources.configMap,
    resources.networkPolicy,
    resources.deployment,
    resources.service,
    resources.podDisruptionBudget,
  ],
  autoscaling: [resources.horizontalPodAutoscaler],
  exposure: [resources.httpRoute, resources.ingress],
} as const satisfies Record<string, readonly Resource[]>;

/** The gateway itself. While it sleeps it is there with 0 pods, and a budget for them would only stand in the way. */
export const gatewayObjects = (input: DesiredInput): readonly KubeObject[] => {
  const { tenant, config } = input;
  if (tenant.spec.gateway.mode !== "Dedicated") return [];
  return [
    toServiceAccount(tenant),
    toConfigMap(input),
    ...(config.networkPolicy ? [toNetworkPolicy(tenant, config.networkPolicy)] : []),
    toDeployment(input),
    toService(tenant),
    ...(isAsleep(tenant) ? [] : [toPodDisruptionBudget(tenant)]),
  ];
};

/** The autoscaler, while there are pods to count. */
export const autoscalingObjects = (input: DesiredInput): readonly KubeObject[] =>
  whileAwake(input, [toHorizontalPodAutoscaler(input)]);

/** The way from outside, while it leads somewhere. */
export const exposureObjects = (input: DesiredInput): readonly KubeObject[] =>
  whileAwake(input, [toHttpRoute(input.tenant), toIngress(input.tenant)]);

const whileAwake = ({ tenant }: DesiredInput, objects: readonly (KubeObject | undefined)[]): readonly KubeObject[] =>
  tenant.spec.gateway.mode !== "Dedicated" || isAsleep(tenant) ? [] : objects.filter((object) => object !== undefined);
