import type { TenantOwner, TenantRegistry } from "../../database/tenant-registry.ts";
import { DatabaseUnavailable, FencedOff, PrivilegeMissing, Refused } from "../../database/tenant-registry.ts";
import { abandonDataAnnotation } from "../../tenant/annotations.ts";
import type { EventReason } from "../../tenant/events.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import { toOwner } from "../claim.ts";
import type { ReconcileDeps } from "../deps.ts";
import { toTenantId } from "../tenant-id.ts";
import type { DeletionPart, Obstacle } from "./deletion-part.ts";
import { toStoredSpec } from "./stored-spec.ts";

/**
 * Last the tenant's place in the database: its logins and credentials end, and its data is kept or removed, as the policy
 * says. Only if it is bound to this very resource: one that lost the conflict, or never got so far, has nothing there. While
 * the database is away the object stays, unless somebody says in an annotation, with the object's uid, that the data does
 * not matter.
 */
export const endData: DeletionPart = async (deps, tenant) => {
  try {
    await endOwnData(deps, tenant);
    return undefined;
  } catch (error) {
    if (error instanceof FencedOff) throw error;
    if (isAbandoned(tenant)) {
      const message = `The tenant ${toTenantId(tenant)} stays in the database as it is, as the annotation ${abandonDataAnnotation} asks.`;
      record(deps, tenant, "Warning", "DataAbandoned", message);
      deps.logger.warn({ err: error }, "a Tenant is deleted without the database");
      return undefined;
    }
    return toObstacle(error, tenant, deps.clock.date());
  }
};

const endOwnData = async (deps: ReconcileDeps, tenant: Tenant): Promise<void> => {
  const place = await openPlace(deps, tenant);
  const found = await place.registry.find(place.tenantId);
  if (!found) return await endRemains(deps, place);
  // By uid: a resource of the same name that was there before, or comes after, is another one.
  if (found.owner?.uid !== tenant.metadata.uid) {
    deps.logger.info({ tenantId: place.tenantId }, "the tenant is not bound to this resource, its data is left alone");
    return;
  }
  await place.registry.removeOtherLogins(place.tenantId, undefined);
  await endByPolicy(deps, place);
  const { tenantId, policy } = place;
  if (policy === "Delete") {
    record(deps, tenant, "Normal", "DataDeleted", `The data of tenant ${tenantId} has been removed.`);
  } else record(deps, tenant, "Normal", "DataRetained", `The data of tenant ${tenantId} is kept.`);
};

interface Place {
  readonly tenantId: string;
  readonly owner: TenantOwner;
  readonly registry: TenantRegistry;
  readonly isolation: "Shared" | "Database";
  readonly policy: "Retain" | "Delete";
}

/** Whatever is not the one word that removes data keeps it. */
const openPlace = async (deps: ReconcileDeps, tenant: Tenant): Promise<Place> => {
  const spec = toStoredSpec(tenant);
  const tenantId = toTenantId(tenant);
  const isolation = spec.database?.isolation === "Database" ? "Database" : "Shared";
  return {
    tenantId,
    owner: toOwner(tenant),
    registry: await deps.registries.open(tenantId, isolation, deps.fence()),
    isolation,
    policy: spec.deletionPolicy === "Delete" ? "Delete" : "Retain",
  };
};

/** The tenant is not there; but its making, or its end, may have broken off. If it is another's now, it is left to that one. */
const endRemains = async (deps: ReconcileDeps, place: Place): Promise<void> => {
  try {
    await endByPolicy(deps, place);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    deps.logger.info({ tenantId: place.tenantId, reason: error.message }, "there is nothing of this resource to end");
  }
};

const endByPolicy = async (
  { registries, fence }: Pick<ReconcileDeps, "registries" | "fence">,
  { tenantId, owner, registry, isolation, policy }: Place,
): Promise<void> => {
  if (policy === "Retain") return await registry.retain(tenantId, owner);
  await registry.delete(tenantId, owner);
  if (isolation === "Database") await registries.drop(tenantId, fence());
};

const isAbandoned = ({ metadata }: Tenant): boolean =>
  metadata.uid !== undefined && metadata.annotations?.[abandonDataAnnotation] === metadata.uid;

/** What nobody can foresee is thrown, and the queue's back-off applies. */
const toObstacle = (error: unknown, tenant: Tenant, now: Date): Obstacle => {
  const afterMs = toBackOffMs(tenant, now);
  if (error instanceof DatabaseUnavailable) {
    const reason = error instanceof PrivilegeMissing ? "PrivilegeMissing" : "DatabaseUnavailable";
    const escape = `annotate it with ${abandonDataAnnotation}: ${tenant.metadata.uid ?? ""} to delete it without the database`;
    return { reason, message: `The deletion waits for the database: ${error.message}; ${escape}.`, afterMs };
  }
  if (error instanceof Refused) return { reason: "Refused", message: `${error.message}.`, afterMs };
  throw error;
};

/** An eighth of the time that it has been tried, within bounds: the first tries are close, and no state is kept. */
const toBackOffMs = ({ metadata }: Tenant, now: Date): number => {
  const triedMs = now.getTime() - Date.parse(metadata.deletionTimestamp ?? "");
  return Math.min(Math.max(triedMs / 8, backOffMsMin), backOffMsMax);
};

const backOffMsMin = 1000;
const backOffMsMax = 120_000;

const record = (
  { events }: ReconcileDeps,
  tenant: Tenant,
  type: "Normal" | "Warning",
  reason: EventReason,
  message: string,
): void => events.record(tenant, { type, reason, message });
