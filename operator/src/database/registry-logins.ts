import type { KeyRing } from "@sendsar/gateway/auth/key-ring";
import { resealTenant } from "@sendsar/gateway/provisioning/reseal-tenant";
import { ensurePlaceLogin, guardPlace, removePlaceLogins } from "@sendsar/gateway/provisioning/tenant-place";
import type { GuardedWrites } from "./guarded-writes.ts";
import { withRegistryErrors } from "./registry-errors.ts";
import type { TenantPlaces } from "./tenant-places.ts";
import type { TenantRegistry } from "./tenant-registry.ts";
import { Refused } from "./tenant-registry.ts";

export interface LoginDeps {
  readonly places: TenantPlaces;
  readonly keys: KeyRing;
  /** What a gateway of the tenant gets in place of the master key. */
  readonly tenantKeyOf: (tenantId: string) => string;
  /** A database's URL as the gateways' pods reach it. */
  readonly toGatewayUrl: (databaseUrl: string) => string;
}

/** The logins of a tenant's gateways. */
export const toLoginCalls = (
  { guard }: GuardedWrites,
  { places, keys, tenantKeyOf, toGatewayUrl }: LoginDeps,
): Pick<TenantRegistry, "ensureGatewayLogin" | "removeOtherLogins"> => ({
  ensureGatewayLogin: (tenantId, login) =>
    withRegistryErrors(`make a login for tenant ${tenantId}`, async () => {
      requireLogin(login);
      const databaseUrl = await places.use(tenantId, async (place) => {
        // What the master key sealed is closed to who has the tenant's.
        await resealTenant(guardPlace(place, guard()), keys, tenantId);
        return await ensurePlaceLogin(place, { tenantId, ...login }, guard());
      });
      return { id: login.id, databaseUrl: toGatewayUrl(databaseUrl), tenantKey: tenantKeyOf(tenantId) };
    }),
  removeOtherLogins: (tenantId, keepId) =>
    withRegistryErrors(`remove logins of tenant ${tenantId}`, () =>
      places.useIfThere(tenantId, (place) => removePlaceLogins(place, tenantId, keepId, guard())),
    ),
});

const requireLogin = ({ id, connectionLimit }: { readonly id: string; readonly connectionLimit: number }): void => {
  if (!/^[a-z0-9-]{1,36}$/.test(id)) {
    throw new Refused("unable to make a login; its id must be 1-36 of a-z, 0-9 and dash");
  }
  if (!Number.isInteger(connectionLimit) || connectionLimit < 1) {
    throw new Refused("unable to make a login; its connection limit must be a whole number from 1");
  }
};
