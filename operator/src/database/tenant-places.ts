import type { TenantPlace } from "@sendsar/gateway/provisioning/tenant-place";
import type { Admin } from "@sendsar/gateway/store/admin";
import type { Db } from "@sendsar/gateway/store/db";
import type { BindingOwner, Guard } from "@sendsar/gateway/store/guarded-db";
import { ensureOwnDatabase, readSharedName, toOwnDatabaseName } from "@sendsar/gateway/store/own-database";
import type { TenantBinding } from "@sendsar/gateway/store/tenant-bindings";
import { findBinding } from "@sendsar/gateway/store/tenant-bindings";
import type { TenantLookup } from "@sendsar/gateway/store/tenant-record";
import { lookUpTenant } from "@sendsar/gateway/store/tenant-record";
import type { OwnDatabases } from "./own-databases.ts";
import { isNoDatabase } from "./registry-errors.ts";

/** Finds where the rows of a tenant are. The binding says it, and that is always in the shared database. */
export interface TenantPlaces {
  readonly shared: Db;
  readonly admin: Admin;
  /** The name that the tenant's own database has, or would have. */
  nameOwn(tenantId: string): Promise<string>;
  /** All that is known of the tenant, wherever it is. */
  lookUp(tenantId: string): Promise<TenantLookup>;
  /** Makes the tenant's own database if the binding says that it has one. */
  prepare(tenantId: string, binding: TenantBinding, guard: Guard & { readonly owner: BindingOwner }): Promise<void>;
  /** Lends the tenant's database to work. Throws when it has one of its own that is not there. */
  use<T>(tenantId: string, work: (place: TenantPlace) => Promise<T>): Promise<T>;
  /** The same, and nothing is done when it is not there. */
  useIfThere(tenantId: string, work: (place: TenantPlace) => Promise<void>): Promise<void>;
  /** Closes the connections to a tenant's own database, which is to be dropped. */
  close(databaseName: string): Promise<void>;
}

export const createTenantPlaces = (shared: Db, admin: Admin, own: OwnDatabases): TenantPlaces => {
  let sharedName: Promise<string> | undefined;
  const nameShared = async (): Promise<string> => {
    sharedName ??= readSharedName(admin);
    try {
      return await sharedName;
    } catch (error) {
      sharedName = undefined;
      throw error;
    }
  };
  const nameOwn = async (tenantId: string): Promise<string> => toOwnDatabaseName(await nameShared(), tenantId);

  const use: TenantPlaces["use"] = async (tenantId, work) => {
    const databaseName = (await findBinding(shared, tenantId))?.databaseName;
    if (databaseName === undefined) return await work({ admin, db: shared });
    return await own.use(databaseName, (db) => work({ admin, db, databaseName }));
  };

  return {
    shared,
    admin,
    nameOwn,
    async lookUp(tenantId) {
      const found = await lookUpTenant(shared, tenantId);
      const { binding, databaseTime } = found;
      if (binding?.databaseName === undefined) return found;
      const { databaseName } = binding;
      const there = await ifThere(() => own.use(databaseName, (db) => lookUpTenant(db, tenantId)));
      return { databaseTime, ...there, binding };
    },
    async prepare(tenantId, { databaseName }, guard) {
      if (databaseName !== undefined) await ensureOwnDatabase(admin, tenantId, databaseName, guard);
    },
    use,
    useIfThere: (tenantId, work) => ifThere(() => use(tenantId, work)),
    close: (databaseName) => own.close(databaseName),
  };
};

/** Undefined when the database is not there: its making broke off, or its dropping. */
const ifThere = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (isNoDatabase(error)) return undefined;
    throw error;
  }
};
