import type { Deployment } from "../desired/kinds.ts";
import { resources } from "../desired/kinds.ts";
import { toNames } from "../desired/names.ts";
import { desiredReplicas } from "../desired/replicas.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { findOwned, removeOwned, toRef } from "./owned-objects.ts";

type Deps = Pick<ReconcileDeps, "client" | "caches" | "logger">;

/** The field manager of the number of gateways, and of nothing else. */
export const scaleManager = "sendsar-operator/scale";

/**
 * Keeps the number of gateways that the spec asks for; answers the Deployment as it is then. While an autoscaler decides,
 * nothing is written, but for one thing: an autoscaler does not wake what sleeps at 0, so a Tenant that is taken up again
 * begins with its minimum.
 */
export const keepReplicas = async (deps: Deps, tenant: Tenant, deployment: Deployment): Promise<Deployment> => {
  const wanted = desiredReplicas(tenant);
  const current = deployment.spec.replicas ?? 1;
  if (wanted === undefined && current > 0) return deployment;
  const replicas = wanted ?? tenant.spec.gateway.autoscaling?.minReplicas ?? 1;
  if (replicas !== current) await applyScale(deps, tenant, current, replicas);
  return { ...deployment, spec: Object.assign({}, deployment.spec, { replicas }) };
};

/** Sets the number of gateways, if there are any and not that many yet. */
export const scaleGateway = async (deps: Deps, tenant: Tenant, replicas: number): Promise<void> => {
  const deployment = findOwned(deps, tenant, resources.deployment, toNames(tenant.metadata.name).gateway);
  const current = deployment?.spec.replicas;
  if (!deployment || current === replicas) return;
  await applyScale(deps, tenant, current ?? 1, replicas);
};

interface Scale extends KubeObject {
  readonly spec: { readonly replicas: number };
}

/** The autoscaler goes first: two that write one number would take turns (pitfall 8). */
const applyScale = async (deps: Deps, tenant: Tenant, current: number, replicas: number): Promise<void> => {
  const { gateway } = toNames(tenant.metadata.name);
  if (desiredReplicas(tenant) !== undefined)
    await removeOwned(deps, tenant, resources.horizontalPodAutoscaler, gateway);
  const scale: Scale = {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: toRef(tenant, gateway),
    spec: { replicas },
  };
  await deps.client.apply<KubeObject>(resources.deployment, scale, { manager: scaleManager, subresource: "scale" });
  deps.logger.info({ object: `Deployment/${gateway}`, replicas: { before: current, now: replicas } }, "scaled");
};
