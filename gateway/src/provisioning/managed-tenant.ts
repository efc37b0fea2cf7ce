import type { Admin } from "../store/admin.ts";
import { runAsProvisioner } from "../store/admin.ts";
import type { Db } from "../store/db.ts";
import type { BindingOwner, Guard } from "../store/guarded-db.ts";
import { guardDb, readFence } from "../store/guarded-db.ts";
import { dropOwnDatabase, isOwnDatabaseThere } from "../store/own-database.ts";
import type { TenantBinding } from "../store/tenant-bindings.ts";
import { bindTenant, findBinding, releaseTenant, unbindTenant } from "../store/tenant-bindings.ts";
import { lookUpTenant } from "../store/tenant-record.ts";
import { clearTenant } from "../store/tenant-clearing.ts";
import { deleteTenant, putTenant, suspendTenant } from "../store/tenants.ts";
import { expireAllCredentials } from "./tenant-credentials.ts";
import { requireTenantId, requireTenantName } from "./tenant-names.ts";
import type { TenantPlace } from "./tenant-place.ts";
import { guardPlace, removePlaceLogins } from "./tenant-place.ts";
import { TenantInvalidError } from "./tenant-settings.ts";

/*
 * The life of a tenant that a resource of Kubernetes speaks for. Its binding, in the shared database, is made before
 * anything else and goes after everything else: so every step may break off and be repeated, and two resources never work
 * on one tenant.
 */

export interface TenantClaim {
  readonly tenantId: string;
  readonly owner: BindingOwner;
  /** Take what a resource of another name has left. */
  readonly adopt: boolean;
  /** Where the tenant's rows are to be; absent for the shared database. */
  readonly databaseName?: string;
}

/** Binds a tenant to a resource, or answers to which it is bound instead. Throws `TenantInvalidError`. */
export const claimBinding = async (shared: Db, claim: TenantClaim, { fence }: Guard): Promise<TenantBinding> => {
  requireTenantId(claim.tenantId);
  const writer = guardDb(shared, { fence });
  for (let attempt = 1; attempt <= claimAttemptsMax; attempt++) {
    const { binding, tenant } = await lookUpTenant(shared, claim.tenantId);
    if (binding && !mayTake(binding, claim)) return binding;
    requirePlace(claim, binding, tenant !== undefined);
    if (binding && isBoundTo(binding, claim.owner)) return binding;
    await writer.batch(claim.tenantId, [bindTenant(claim)]);
  }
  throw new Error(`unable to bind tenant ${claim.tenantId}; others bind and leave it all the time`);
};

const claimAttemptsMax = 5;

/** Is the tenant this resource's, now? */
export const isBoundTo = ({ owner, retainedAt }: TenantBinding, { namespace, name, uid }: BindingOwner): boolean =>
  retainedAt === undefined && owner.namespace === namespace && owner.name === name && owner.uid === uid;

const mayTake = ({ owner, retainedAt }: TenantBinding, claim: TenantClaim): boolean =>
  (owner.namespace === claim.owner.namespace && owner.name === claim.owner.name) ||
  (retainedAt !== undefined && claim.adopt);

/** A tenant never moves from one database to another by itself: what it has would seem to be gone. */
const requirePlace = (claim: TenantClaim, binding: TenantBinding | undefined, isShared: boolean): void => {
  const unable = `unable to bind tenant ${claim.tenantId}`;
  if (binding?.databaseName !== undefined && claim.databaseName === undefined) {
    throw new TenantInvalidError(`${unable}; it has a database of its own, the isolation must be Database`);
  }
  if (claim.databaseName !== undefined && ((binding && binding.databaseName === undefined) || isShared)) {
    throw new TenantInvalidError(`${unable}; it is in the shared database, the isolation must be Shared`);
  }
};

/** Makes the tenant at its place unless it is there, and brings its name up to date. */
export const ensureTenant = async (
  place: TenantPlace,
  { tenantId, name }: { readonly tenantId: string; readonly name: string },
  guard: Guard,
): Promise<void> => {
  requireTenantName(name);
  const { tenant } = await lookUpTenant(place.db, tenantId);
  if (tenant?.name !== name) await guardPlace(place, guard).batch(tenantId, [putTenant(tenantId, name)]);
};

/** Suspends a tenant and ends its credentials; all else stays. Before its binding ends. */
export const retainTenant = async (place: TenantPlace, tenantId: string, guard: Guard): Promise<void> => {
  await guardPlace(place, guard).batch(tenantId, [suspendTenant(tenantId), ...expireAllCredentials(tenantId)]);
};

/** Ends a binding; the row stays, for as long as what it was bound to has left something. */
export const releaseBinding = async (shared: Db, tenantId: string, guard: Guard): Promise<void> => {
  await guardDb(shared, guard).batch(tenantId, [releaseTenant(tenantId)]);
};

/** Removes a tenant of the shared database, its logins and all it has, and the binding last. */
export const removeTenant = async (shared: TenantPlace, tenantId: string, guard: Guard): Promise<void> => {
  await removeRows(shared, tenantId, guard);
};

/** Removes a tenant with its own database. The binding is gone once that is, and until then nobody else can take the tenant. */
export const dropBoundDatabase = (
  admin: Admin,
  { tenantId, databaseName }: { readonly tenantId: string; readonly databaseName: string },
  guard: Guard,
): Promise<void> =>
  admin.hold(tenantId, guard, async (client) => {
    await runAsProvisioner(client, [unbindTenant(tenantId)]);
    await dropOwnDatabase(admin, tenantId, databaseName);
  });

const removeRows = async (shared: TenantPlace, tenantId: string, guard: Guard): Promise<boolean> => {
  const writer = guardDb(shared.db, guard);
  await removePlaceLogins(shared, tenantId, undefined, guard);
  await clearTenant(writer, tenantId);
  return await deleteTenant(writer, tenantId);
};

/** Removes a tenant wherever it is, bound or not, for a person. Answers whether there was one. */
export const removeTenantByHand = async (shared: TenantPlace, tenantId: string): Promise<boolean> => {
  const guard = { fence: await readFence(shared.db) };
  const databaseName = (await findBinding(shared.db, tenantId))?.databaseName;
  if (databaseName !== undefined) {
    await dropBoundDatabase(shared.admin, { tenantId, databaseName }, guard);
    return true;
  }
  return await removeRows(shared, tenantId, guard);
};

/** Drops what is left of a database whose tenant is bound to nobody, now or in the past. Does nothing when it is. */
export const dropUnboundDatabase = async (
  { admin, db }: TenantPlace,
  { tenantId, databaseName }: { readonly tenantId: string; readonly databaseName: string },
  guard: Guard,
): Promise<void> => {
  if (await findBinding(db, tenantId)) return;
  if (!(await isOwnDatabaseThere(admin, databaseName))) return;
  await admin.hold(tenantId, guard, async (client) => {
    // While it is dropped the binding is taken, and nobody else can have it.
    const [taken] = await runAsProvisioner(client, [bindTenant({ tenantId, owner: nobody, adopt: false })]);
    if (taken?.rowCount === 0) return;
    await dropOwnDatabase(admin, tenantId, databaseName);
    await runAsProvisioner(client, [unbindTenant(tenantId)]);
  });
};

const nobody: BindingOwner = { namespace: "-", name: "-", uid: "-" };
