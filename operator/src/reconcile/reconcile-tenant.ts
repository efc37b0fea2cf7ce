import type { ObjectKey } from "../kube/kube-object.ts";
import type { ReconcileResult } from "../kube/reconcile-result.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { reconcileAutoscaling } from "./autoscaling.ts";
import type { Verdict } from "./checks.ts";
import { checkTenant } from "./checks.ts";
import { reconcileCredentials } from "./credentials.ts";
import { bindDatabase } from "./database.ts";
import { ensureFinalizer } from "./deletion/finalizer.ts";
import { deleteTenant } from "./deletion.ts";
import type { ReconcileDeps } from "./deps.ts";
import { exposeWithout } from "./exposure.ts";
import { reconcileGateway } from "./gateway.ts";
import { observe } from "./observe.ts";
import { reconcileSettings } from "./settings.ts";
import { writeStatus } from "./status.ts";
import { accepted, notBound, paused } from "./verdicts.ts";
import { openVisit } from "./visit.ts";

/**
 * Makes the world of one Tenant as its spec says: observe, check, run the stages, write the status. May be stopped anywhere
 * and begun again: each step looks at what is there. When all is as it should be, nothing is written at all.
 */
export const reconcileTenant = async (
  deps: ReconcileDeps,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  const observed = observe(deps.caches, key);
  if (!observed) return {};
  const { tenant } = observed;
  const verdict = checkTenant(observed);
  switch (verdict.kind) {
    case "paused":
      await writeStatus(deps, tenant, { conditions: [paused], status: {} });
      return {};
    case "refused":
      await writeStatus(deps, tenant, { conditions: [verdict.accepted], status: {} });
      return {};
    case "deleting":
      return await continueDeletion(deps, tenant, signal);
    case "accepted":
      return await runStages(deps, await keepFinalizer(deps, tenant), verdict, signal);
  }
};

const keepFinalizer = async (deps: ReconcileDeps, tenant: Tenant): Promise<Tenant> => {
  const kept = await ensureFinalizer(deps, tenant);
  if (kept !== tenant) deps.remember(tenant, kept);
  return kept;
};

/** The stages do not wait for each other's success; but what writes to the database does so only when the tenant is bound. */
const runStages = async (
  deps: ReconcileDeps,
  tenant: Tenant,
  { hostConflict }: Extract<Verdict, { kind: "accepted" }>,
  signal: AbortSignal,
): Promise<ReconcileResult> => {
  const visit = openVisit(tenant, signal);
  const database = await visit.run("database", "DatabaseReady", bindDatabase, deps);
  const refused = database?.accepted.status === "False";
  visit.find(refused ? database.accepted : (hostConflict?.accepted ?? database?.accepted ?? accepted));
  if (database?.bound) {
    const bound = { ...deps, bound: database.bound };
    await visit.run("credentials", "CredentialsReady", reconcileCredentials, bound);
    await visit.run("settings", "SettingsSynced", reconcileSettings, bound);
  } else if (visit.knows("DatabaseReady")) visit.find(...notBound(refused));
  if (!refused) {
    await visit.run("gateway", "GatewayAvailable", reconcileGateway, deps);
    await visit.run("exposure", "Exposed", exposeWithout(hostConflict?.hosts ?? []), deps);
    await visit.run("autoscaling", "AutoscalingActive", reconcileAutoscaling, deps);
  }
  await writeStatus(deps, tenant, visit.findings);
  visit.throwErrors();
  return visit.requeueAfterMs === undefined ? {} : { requeueAfterMs: visit.requeueAfterMs };
};

const continueDeletion = async (deps: ReconcileDeps, tenant: Tenant, signal: AbortSignal): Promise<ReconcileResult> => {
  const { finished, conditions, requeueAfterMs } = await deleteTenant(deps, tenant, signal);
  if (!finished) await writeStatus(deps, tenant, { conditions, status: {} });
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
};
