import {
  claimBinding,
  dropBoundDatabase,
  ensureTenant,
  isBoundTo,
  releaseBinding,
  removeTenant,
  retainTenant,
} from "@sendsar/gateway/provisioning/managed-tenant";
import { requireTenantName } from "@sendsar/gateway/provisioning/tenant-names";
import { createGuardedWrites } from "./guarded-writes.ts";
import { toCredentialCalls, toSettingCalls } from "./registry-changes.ts";
import { withRegistryErrors } from "./registry-errors.ts";
import type { LoginDeps } from "./registry-logins.ts";
import { toLoginCalls } from "./registry-logins.ts";
import { toTenantRecord } from "./tenant-record.ts";
import type { Claim, Fence, TenantRegistry } from "./tenant-registry.ts";
import { Refused } from "./tenant-registry.ts";

/** The registry of one tenant, for one visit. */
export const createRegistry = (deps: LoginDeps, isolation: "Shared" | "Database", fence: Fence): TenantRegistry => {
  const { places, keys } = deps;
  const { shared, admin } = places;
  const writes = createGuardedWrites(places, fence);

  const find: TenantRegistry["find"] = (tenantId) =>
    withRegistryErrors(`find tenant ${tenantId}`, async () => toTenantRecord(tenantId, await places.lookUp(tenantId)));

  return {
    find,
    claim: ({ tenantId, name, owner, adopt = false }) =>
      withRegistryErrors(`claim tenant ${tenantId}`, async (): Promise<Claim> => {
        requireTenantName(name);
        const databaseName = isolation === "Database" ? await places.nameOwn(tenantId) : undefined;
        const claim = { tenantId, owner, adopt, ...(databaseName !== undefined && { databaseName }) };
        const binding = await claimBinding(shared, claim, fence);
        if (!isBoundTo(binding, owner)) {
          const { namespace, name: holder } = binding.owner;
          return { claimed: false, heldBy: { namespace, name: holder }, retained: binding.retainedAt !== undefined };
        }
        writes.bindTo(owner);
        await places.prepare(tenantId, binding, { ...fence, owner });
        await places.use(tenantId, (place) => ensureTenant(place, { tenantId, name }, writes.guard()));
        const record = await find(tenantId);
        if (!record) throw new Refused(`unable to claim tenant ${tenantId}; somebody removed it meanwhile`);
        return { claimed: true, record };
      }),
    ...toCredentialCalls(writes, keys),
    ...toSettingCalls(writes),
    ...toLoginCalls(writes, deps),
    retain: (tenantId, owner) =>
      writes.asOwner("retain", tenantId, owner, async (guard) => {
        await places.useIfThere(tenantId, (place) => retainTenant(place, tenantId, guard));
        await releaseBinding(shared, tenantId, guard);
      }),
    delete: (tenantId, owner) =>
      writes.asOwner("delete", tenantId, owner, async (guard, databaseName) => {
        if (databaseName === undefined) return await removeTenant({ admin, db: shared }, tenantId, guard);
        await places.close(databaseName);
        await dropBoundDatabase(admin, { tenantId, databaseName }, guard);
      }),
  };
};
