import { resources } from "../../desired/kinds.ts";
import { isOwnedBy, toSelectorText } from "../../desired/labels.ts";
import { toNames } from "../../desired/names.ts";
import { KubeError } from "../../kube/kube-error.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import type { ReconcileDeps } from "../deps.ts";
import { findGateway } from "../gateway.ts";
import { listLivingPods } from "../living-pods.ts";
import { toRef } from "../owned-objects.ts";
import { scaleGateway } from "../scale.ts";
import type { DeletionPart } from "./deletion-part.ts";
import { isOverdue } from "./drain-time.ts";

/**
 * Then the gateways end as they do in a rollout: each tells its clients, sends what it has, and closes. What is in the
 * database is not touched while one is running, for it would only serve errors then; but not longer than they may take.
 */
export const drainGateway: DeletionPart = async (deps, tenant) => {
  if (await isAboutToShow(deps, tenant)) return waiting("The gateways are being looked for.");
  await scaleToNone(deps, tenant);
  const pods = await listLivingPods(deps.client, tenant.metadata.namespace ?? "", toSelectorText(tenant));
  if (pods.length === 0) return undefined;
  if (isOverdue(tenant, deps.clock.date())) {
    deps.logger.warn({ pods: pods.length }, "gateways have not ended in time, the deletion goes on without them");
    return undefined;
  }
  return waiting(`${pods.length === 1 ? "A gateway is" : `${pods.length} gateways are`} closing its connections.`);
};

/** The watch has not told yet of what the visit before has made. */
const isAboutToShow = async (deps: ReconcileDeps, tenant: Tenant): Promise<boolean> => {
  if (findGateway(deps, tenant)) return false;
  const live = await deps.client.get(resources.deployment, toRef(tenant, toNames(tenant.metadata.name).gateway));
  return live !== undefined && isOwnedBy(live, tenant) && live.metadata.deletionTimestamp === undefined;
};

const scaleToNone = async (deps: ReconcileDeps, tenant: Tenant): Promise<void> => {
  try {
    await scaleGateway(deps, tenant, 0);
  } catch (error) {
    // Whoever removes the namespace, or the Tenant's dependents first, has removed it.
    if (!(error instanceof KubeError && error.status === 404)) throw error;
  }
};

/** Pods are not watched; the Deployment is, and mostly its change is what comes first. */
const waiting = (message: string) => ({ reason: "Deleting" as const, message, afterMs: lookAgainMs });

const lookAgainMs = 2000;
