import type { Admin } from "../store/admin.ts";
import { begin } from "../store/admin.ts";
import type { Db } from "../store/db.ts";
import type { BoundLogin } from "../store/gateway-login.ts";
import { createBoundLogin, dropBoundLogins, listBoundLogins, urlOfLogin } from "../store/gateway-login.ts";
import type { Guard } from "../store/guarded-db.ts";
import { guardDb } from "../store/guarded-db.ts";
import { allowConnect } from "../store/own-database.ts";
import { StoreError } from "../store/store-error.ts";

/** Where the rows of a tenant are: in the shared database, or in one of its own. */
export interface TenantPlace {
  readonly admin: Admin;
  readonly db: Db;
  /** Of the tenant's own database. */
  readonly databaseName?: string;
}

/**
 * The place for somebody whose right to write may have ended. In a database of its own the guard of the shared one is held
 * while the work is done; and so that a hold that broke lets nobody write after his successor, the own database has a fence too.
 */
export const guardPlace = (place: TenantPlace, guard: Guard): Db => {
  const { admin, db, databaseName } = place;
  if (databaseName === undefined) return guardDb(db, guard);
  const guarded = guardDb(db, { fence: guard.fence });
  return {
    ...guarded,
    batch: (tenantId, queries, options) => admin.hold(tenantId, guard, () => guarded.batch(tenantId, queries, options)),
  };
};

/** Makes a login for a tenant's gateways, or finds it as it should be and writes nothing. Answers its URL. */
export const ensurePlaceLogin = async (place: TenantPlace, login: BoundLogin, guard: Guard): Promise<string> => {
  const { admin, databaseName } = place;
  const name = (await findLogin(place, login)) ?? (await makeLogin(place, login, guard));
  return urlOfLogin(admin.urlOf(databaseName), { login: name, password: login.password });
};

/** What has to be changed fails where it only reads. */
const findLogin = async ({ admin, databaseName }: TenantPlace, login: BoundLogin): Promise<string | undefined> => {
  try {
    return await admin.look(databaseName, (client) => createBoundLogin(client, login));
  } catch (error) {
    if (error instanceof StoreError && error.kind === "read_only") return undefined;
    throw error;
  }
};

const makeLogin = ({ admin, databaseName }: TenantPlace, login: BoundLogin, guard: Guard): Promise<string> =>
  admin.hold(login.tenantId, guard, async (shared) => {
    if (databaseName === undefined) return await createBoundLogin(shared, login);
    return await admin.session(databaseName, async (own) => {
      await begin(own, login.tenantId, { fence: guard.fence });
      const name = await createBoundLogin(own, login);
      await allowConnect(own, name);
      await own.query("commit");
      return name;
    });
  });

/** Removes the logins of a tenant's gateways but the one with `keepId`, and ends their sessions. */
export const removePlaceLogins = async (
  { admin, databaseName }: TenantPlace,
  tenantId: string,
  keepId: string | undefined,
  guard: Guard,
): Promise<void> => {
  const found = await admin.look(databaseName, (client) => listBoundLogins(client, tenantId));
  if (!found.some((login) => keepId === undefined || !login.endsWith(`_${keepId}`))) return;
  // Not in the transaction that holds: who is to go must not come back before that ends.
  await admin.hold(tenantId, guard, () =>
    admin.session(databaseName, (client) => dropBoundLogins(client, tenantId, keepId)),
  );
};
