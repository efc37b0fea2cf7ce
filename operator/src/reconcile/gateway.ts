import { rollsPods } from "../desired/deployment.ts";
import type { DesiredInput } from "../desired/desired-config.ts";
import { gatewayObjects, ownedResources } from "../desired/desired-objects.ts";
import type { Deployment } from "../desired/kinds.ts";
import { resources } from "../desired/kinds.ts";
import { isOwnedBy } from "../desired/labels.ts";
import { toNames } from "../desired/names.ts";
import { isAsleep } from "../desired/replicas.ts";
import type { KubeObject, Resource } from "../kube/kube-object.ts";
import { toKey } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toDesiredInput } from "./desired-input.ts";
import { toGatewayResult, waitingForLogin } from "./gateway-condition.ts";
import { applyOwned, findOwned, removeOwned, toRef } from "./owned-objects.ts";
import { findPodTrouble } from "./pod-trouble.ts";
import { keepReplicas } from "./scale.ts";
import type { Stage } from "./stage.ts";
import { findCondition } from "./status.ts";

/** The pods of a Tenant and what they stand on: Deployment, Service, disruption budget, network policy, ConfigMap, account. */
export const reconcileGateway: Stage<ReconcileDeps> = async (deps, tenant) => {
  const input = toDesiredInput(deps, tenant);
  if (!input) return { condition: waitingForLogin };
  const { deployment, queued } = await applyGateway(deps, input);
  const scaled = deployment && (await keepReplicas(deps, tenant, deployment));
  const trouble = scaled && (await findPodTrouble(deps, tenant, scaled));
  return toGatewayResult(input, { deployment: scaled, queued, ...(trouble && { trouble }) }, deps.clock.date());
};

/** The Tenant's Deployment, as the watch last told of it. */
export const findGateway = (deps: Pick<ReconcileDeps, "caches">, tenant: Tenant): Deployment | undefined => {
  const found = findOwned(deps, tenant, resources.deployment, toNames(tenant.metadata.name).gateway);
  return found && isOwnedBy(found, tenant) ? found : undefined;
};

interface AppliedGateway {
  readonly deployment?: Deployment;
  /** The pods are to become others, and wait for a slot of the rollout budget. */
  readonly queued: boolean;
}

/** All of them are tried, so that one which cannot be made does not keep the others from being repaired. */
const applyGateway = async (deps: ReconcileDeps, input: DesiredInput): Promise<AppliedGateway> => {
  const { tenant } = input;
  const live = findGateway(deps, tenant);
  const wanted = gatewayObjects(input);
  const deployment = wanted.find((object): object is Deployment => object.kind === resources.deployment.kind);
  const rolls = deployment !== undefined && !isAsleep(tenant) && rollsPods(live, deployment);
  const queued = rolls && isOperatorsChange(tenant) && !deps.rollouts.tryStart(keyOf(tenant));
  const errors: unknown[] = [];
  let applied = live;
  for (const resource of ownedResources.gateway) {
    const object = wanted.find(({ kind }) => kind === resource.kind);
    // Pods that restart by themselves while their rollout waits must find what the others run with.
    const waits = queued && (resource === resources.deployment || resource === resources.configMap);
    // Made without pods it would start one before it is scaled to none.
    const needless = resource === resources.deployment && !live && isAsleep(tenant);
    if (waits || needless) continue;
    try {
      const done = await applyOrRemove(deps, tenant, resource, object);
      if (done && resource === resources.deployment) applied = done as Deployment;
    } catch (error) {
      errors.push(error);
    }
  }
  if (rolls && !queued) settleRollout(deps, tenant, live, applied);
  if (errors.length > 0)
    throw errors.length === 1 ? errors[0] : new AggregateError(errors, "unable to make the gateway");
  return { ...(applied && { deployment: applied }), queued };
};

const applyOrRemove = async (
  deps: ReconcileDeps,
  tenant: Tenant,
  resource: Resource,
  wanted: KubeObject | undefined,
): Promise<KubeObject | undefined> => {
  if (wanted) return await applyOwned(deps, tenant, resource, wanted);
  await removeOwned(deps, tenant, resource, toNames(tenant.metadata.name).gateway);
  return undefined;
};

/** Until the watch tells of the new generation, the slot is taken by what was written. */
const settleRollout = (
  { rollouts }: ReconcileDeps,
  tenant: Tenant,
  before: Deployment | undefined,
  applied: Deployment | undefined,
): void => {
  const generation = applied?.metadata.generation ?? 0;
  if (applied === before) rollouts.cancel(keyOf(tenant));
  else rollouts.started(keyOf(tenant), generation);
};

/**
 * Did the operator's own configuration change, and not the spec? A spec that no visit has carried out yet is somebody's edit,
 * and whoever made it is waiting for it.
 */
const isOperatorsChange = (tenant: Tenant): boolean =>
  findCondition(tenant, "GatewayAvailable")?.observedGeneration === tenant.metadata.generation;

const keyOf = (tenant: Tenant): string => toKey(toRef(tenant, toNames(tenant.metadata.name).gateway));
