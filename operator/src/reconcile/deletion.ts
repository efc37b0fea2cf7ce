import type { Tenant } from "../tenant/tenant.ts";
import type { DeletionResult, ReconcileDeps } from "./deps.ts";
import type { Obstacle } from "./deletion/deletion-part.ts";
import { drainGateway } from "./deletion/drain-gateway.ts";
import { endData } from "./deletion/end-data.ts";
import { hasFinalizer, removeFinalizer } from "./deletion/finalizer.ts";
import { removeRoute } from "./deletion/remove-route.ts";

/**
 * Takes a Tenant down: the way to it, then its gateways, then its place in the database; only then the object may go. Each
 * part looks at what is there, so a visit may end anywhere, also in a Tenant that was still being made or whose spec is not
 * valid. The finalizer goes last and only when every part is done: a part that fails keeps the object, and says why.
 */
export const deleteTenant = async (
  deps: ReconcileDeps,
  tenant: Tenant,
  signal: AbortSignal,
): Promise<DeletionResult> => {
  if (!hasFinalizer(tenant)) return finished;
  for (const part of [removeRoute, drainGateway, endData]) {
    signal.throwIfAborted();
    const obstacle = await part(deps, tenant);
    if (obstacle) return toUnfinished(obstacle);
  }
  await removeFinalizer(deps, tenant);
  return finished;
};

const finished: DeletionResult = { finished: true, conditions: [] };

const toUnfinished = ({ reason, message, afterMs }: Obstacle): DeletionResult => ({
  finished: false,
  conditions: [{ type: "Ready", status: "False", reason, message }],
  requeueAfterMs: afterMs,
});
