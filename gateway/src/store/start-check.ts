import { findMissingMigration } from "./applied-migration.ts";
import type { Db, Statement } from "./db.ts";
import { newestMigration } from "./migrate.ts";
import { isSafeServer, safeServers } from "./server-version.ts";

/**
 * Refuses a database that a gateway must not serve from: a server with known holes, an earlier schema, or a login
 * that row-level security does not bind, so that a mistake in the set-up never becomes a leak. A gateway of one tenant only
 * serves with a login that is bound to that tenant, and a gateway of all with one that is bound to none.
 */
export const requireUsableDatabase = async (db: Db, onlyTenantId?: string): Promise<void> => {
  const [server] = await db.query<{ version: number }>("", selectServer, []);
  if (!server || !isSafeServer(server.version)) {
    throw new Error(`unable to use the database; its server lets tenants see each other's rows, use ${safeServers}`);
  }
  const [role] = await db.query<RoleRow>("", selectRole, []);
  if (!role || role.bypasses) {
    throw new Error(
      "unable to use the database; the login bypasses row-level security, or is a member of a role that does, use one that provisioning made",
    );
  }
  if (!role.migrated) {
    throw new Error(`unable to use the database; it is not migrated, this gateway needs ${newestMigration()}`);
  }
  if (role.schema !== "sendsar") {
    throw new Error("unable to use the database; the login's search_path does not begin with the schema sendsar");
  }
  if (role.bound !== (onlyTenantId !== undefined)) {
    throw new Error(
      role.bound
        ? "unable to use the database; the login is bound to one tenant, and TENANT_ID is not set"
        : "unable to use the database; TENANT_ID is set, and the login is not bound to one tenant, use one that provisioning made for it",
    );
  }
  if (role.bound && role.unbound) {
    throw new Error(
      "unable to use the database; the login is bound to one tenant, and is a member of sendsar_gateway, which is not",
    );
  }
  if (role.owns > 0) throw new Error("unable to use the database; the login owns tables, use one that owns nothing");
  const missing = await findMissingMigration(db);
  if (missing !== undefined) throw new Error(`unable to use the database; ${missing}`);
  if (onlyTenantId === undefined) return;
  const bound = await db.query<{ tenant_id: string }>("", selectBinding, []);
  if (bound.length !== 1 || bound[0]?.tenant_id !== onlyTenantId) {
    throw new Error(
      "unable to use the database; the login is not bound to the tenant that TENANT_ID names, and to no other",
    );
  }
};

interface RoleRow {
  readonly bypasses: boolean;
  /** Its statements are bound to one tenant. */
  readonly bound: boolean;
  /** It may work as a role that is bound to none. */
  readonly unbound: boolean;
  readonly migrated: boolean;
  readonly schema: string | null;
  readonly owns: number;
}

// What counts is every role that the connection is or could become, by SET ROLE or by RESET ROLE. The provisioner's
// sees all tenants, so a gateway must not be one either.
const selectRole: Statement = {
  name: "select-role",
  text: `
    with reachable as (
      select r.* from pg_roles r
      where pg_has_role(current_user, r.oid, 'member') or pg_has_role(session_user, r.oid, 'member')
    )
    select current_schema() as schema,
      (select bool_or(rolsuper or rolbypassrls or rolname = 'sendsar_provisioner') from reachable) as bypasses,
      exists (select from reachable where rolname = 'sendsar_bound_gateway') as bound,
      exists (select from reachable where rolname = 'sendsar_gateway') as unbound,
      (select count(*) from pg_class where relowner in (select oid from reachable))::int as owns,
      exists (
        select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'sendsar' and c.relname = 'migrations') as migrated`,
};

const selectServer: Statement = {
  name: "select-server",
  text: "select current_setting('server_version_num')::int as version",
};

const selectBinding: Statement = {
  name: "select-binding-of-login",
  text: "select tenant_id from gateway_logins where login = session_user",
};
