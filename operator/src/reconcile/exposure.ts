import { exposureObjects, ownedResources } from "../desired/desired-objects.ts";
import type { HttpRoute, Ingress } from "../desired/kinds.ts";
import { resources } from "../desired/kinds.ts";
import { toNames } from "../desired/names.ts";
import { toClusterUrl, toPublicUrl } from "../desired/public-url.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { ReconcileDeps } from "./deps.ts";
import { toDesiredInput } from "./desired-input.ts";
import { toExposed } from "./exposure-condition.ts";
import { toHosts } from "./observe.ts";
import { applyOwned, removeOwned } from "./owned-objects.ts";
import type { Stage, StageResult } from "./stage.ts";

/** The way from outside: an HTTPRoute or an Ingress, as its controller says of it. Not from hosts that belong to others. */
export const exposeWithout =
  (lost: readonly string[]): Stage<ReconcileDeps> =>
  (deps, tenant) =>
    reconcileExposure(deps, lost.length === 0 ? tenant : withoutHosts(tenant, lost));

const withoutHosts = (tenant: Tenant, lost: readonly string[]): Tenant => {
  const { exposure } = tenant.spec;
  const hosts = (exposure.hosts ?? []).filter((host) => !lost.includes(host));
  return { ...tenant, spec: { ...tenant.spec, exposure: { ...exposure, hosts } } };
};

const reconcileExposure = async (deps: ReconcileDeps, tenant: Tenant): Promise<StageResult> => {
  const input = toDesiredInput(deps, tenant);
  const wanted = input && toHosts(tenant).length > 0 ? exposureObjects(input) : [];
  const served =
    wanted.every(({ kind }) => kind !== resources.httpRoute.kind) || (await deps.client.serves(resources.httpRoute));
  const applied: (HttpRoute | Ingress)[] = [];
  for (const resource of ownedResources.exposure) {
    const object = wanted.find(({ kind }) => kind === resource.kind);
    if (!object) await removeOwned(deps, tenant, resource, toNames(tenant.metadata.name).gateway);
    else if (served) applied.push((await applyOwned(deps, tenant, resource, object)) as HttpRoute | Ingress);
  }
  return {
    condition: toExposed(tenant, { served, object: applied[0] }),
    status: { endpoint: toEndpoint(tenant) },
    // An installation is noticed by the watch as well; this is for when it is off.
    ...(!served && { requeueAfterMs: servedAgainMs }),
  };
};

const servedAgainMs = 60_000;

/** While it is suspended its hosts stay its own. */
const toEndpoint = (tenant: Tenant) => {
  const hosts = toHosts(tenant);
  return { url: toPublicUrl(tenant), clusterUrl: toClusterUrl(tenant), ...(hosts.length > 0 && { hosts }) };
};
