import type { Db, Statement } from "./db.ts";
import { newestMigration } from "./migrate.ts";

/**
 * Refuses a database that a gateway must not serve from: one of another schema version, or a login that row-level
 * security does not bind, so that a mistake in the set-up never becomes a leak.
 */
export const requireUsableDatabase = async (db: Db): Promise<void> => {
  const [role] = await db.query<RoleRow>("", selectRole, []);
  if (!role || role.bypasses) {
    throw new Error(
      "unable to use the database; the login bypasses row-level security, use one that provisioning made",
    );
  }
  if (role.schema !== "sendsar") {
    throw new Error("unable to use the database; the login's search_path does not begin with the schema sendsar");
  }
  if (role.owns > 0) throw new Error("unable to use the database; the login owns tables, use one that owns nothing");
  const [migration] = await db.query<{ name: string }>("", selectMigration, []);
  if (migration?.name !== newestMigration()) {
    throw new Error(
      `unable to use the database; it is at migration ${migration?.name ?? "none"}, this gateway needs ${newestMigration()}`,
    );
  }
};

interface RoleRow {
  readonly bypasses: boolean;
  readonly schema: string | null;
  readonly owns: number;
}

const selectRole: Statement = {
  name: "select-role",
  text: `
    select rolsuper or rolbypassrls as bypasses, current_schema() as schema,
      (select count(*) from pg_class where relowner = r.oid)::int as owns
    from pg_roles r
    where rolname = current_user`,
};

const selectMigration: Statement = {
  name: "select-newest-migration",
  text: "select name from migrations order by id desc limit 1",
};
