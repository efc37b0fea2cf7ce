import { isBoundTo } from "@sendsar/gateway/provisioning/managed-tenant";
import { guardPlace } from "@sendsar/gateway/provisioning/tenant-place";
import type { Db } from "@sendsar/gateway/store/db";
import type { Guard } from "@sendsar/gateway/store/guarded-db";
import { findBinding } from "@sendsar/gateway/store/tenant-bindings";
import { withRegistryErrors } from "./registry-errors.ts";
import type { TenantPlaces } from "./tenant-places.ts";
import type { Fence, TenantOwner } from "./tenant-registry.ts";
import { Refused } from "./tenant-registry.ts";

/** Writes of one registry: under its leadership and, once it has claimed its tenant, only while it has it. */
export interface GuardedWrites {
  /** What holds for a write of now. */
  guard(): Guard;
  /** From now on whatever is written is written for this resource, or not at all. */
  bindTo(owner: TenantOwner): void;
  /** Runs work on the tenant's database, under the guard. */
  write<T>(doing: string, tenantId: string, work: (db: Db) => Promise<T>): Promise<T>;
  /** Runs what only the resource may do that has the tenant; nothing when nobody has it. `Refused` for another. */
  asOwner(doing: string, tenantId: string, owner: TenantOwner, work: OwnersWork): Promise<void>;
}

export type OwnersWork = (guard: Guard, databaseName: string | undefined) => Promise<void>;

export const createGuardedWrites = (places: TenantPlaces, { fence }: Fence): GuardedWrites => {
  let boundTo: TenantOwner | undefined;
  const guard = (): Guard => ({ fence, ...(boundTo && { owner: boundTo }) });
  return {
    guard,
    bindTo(owner) {
      boundTo = owner;
    },
    write: (doing, tenantId, work) =>
      withRegistryErrors(`${doing} tenant ${tenantId}`, () =>
        places.use(tenantId, (place) => work(guardPlace(place, guard()))),
      ),
    asOwner: (doing, tenantId, owner, work) =>
      withRegistryErrors(`${doing} tenant ${tenantId}`, async () => {
        const binding = await findBinding(places.shared, tenantId);
        if (!binding || (binding.retainedAt !== undefined && binding.owner.uid === owner.uid)) return;
        if (!isBoundTo(binding, owner)) {
          throw new Refused(`unable to ${doing} tenant ${tenantId}; it is bound to another resource`);
        }
        await work({ fence, owner }, binding.databaseName);
      }),
  };
};
