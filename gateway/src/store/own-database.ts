import { createHash } from "node:crypto";
import pg from "pg";
import type { Admin } from "./admin.ts";
import type { BindingOwner, Guard } from "./guarded-db.ts";
import { dropBoundLogins } from "./gateway-login.ts";

/*
 * A database of a tenant's own: no other tenant's login can connect to it, so none hears its NOTIFY, which Postgres knows no
 * permission for inside a database. Only the server is shared.
 *
 * A database is neither made nor dropped in a transaction. So each step looks at what is there, and may be repeated wherever
 * it broke off; the guard is held meanwhile by a transaction on the shared database.
 */

/** Its name, for a deployment that is known by the name of its shared database. At most 63 bytes. */
export const toOwnDatabaseName = (sharedName: string, tenantId: string): string =>
  `sendsar_${tenantId.slice(0, 30)}_${createHash("sha256").update(`${sharedName}/${tenantId}`).digest("hex").slice(0, 16)}`;

/** Name of the database that an admin's URL leads to. */
export const readSharedName = (admin: Admin): Promise<string> =>
  admin.look(undefined, async (client) => {
    const { rows } = await client.query<{ name: string }>("select current_database() as name");
    return rows[0]?.name ?? "";
  });

/** Makes the database if it is not there, and lets nobody in who was not let in by name. */
export const ensureOwnDatabase = async (
  admin: Admin,
  tenantId: string,
  name: string,
  guard: Guard & { readonly owner: BindingOwner },
): Promise<void> => {
  const isReady = await admin.look(undefined, async (client) => (await findState(client, name)) === "closed");
  if (isReady) return;
  const database = pg.escapeIdentifier(name);
  await admin.hold(tenantId, guard, () =>
    admin.session(undefined, async (client) => {
      if ((await findState(client, name)) === undefined) {
        // From template0, to which nobody is ever connected: a copy of any other fails while somebody is.
        await client.query(`create database ${database} template template0`);
      }
      await client.query(`revoke connect, temporary on database ${database} from public`);
    }),
  );
};

export const isOwnDatabaseThere = (admin: Admin, name: string): Promise<boolean> =>
  admin.session(undefined, async (client) => (await findState(client, name)) !== undefined);

/** Lets a login into the database that the client is connected to. */
export const allowConnect = async (client: pg.ClientBase, login: string): Promise<void> => {
  const { rows } = await client.query<{ name: string }>("select current_database() as name");
  const database = pg.escapeIdentifier(rows[0]?.name ?? "");
  await client.query(`grant connect on database ${database} to ${pg.escapeIdentifier(login)}`);
};

/** Drops the database and the logins of its gateways, if they are there. Whoever calls holds what speaks for it. */
export const dropOwnDatabase = async (admin: Admin, tenantId: string, name: string): Promise<void> => {
  if (!(await isOwnDatabaseThere(admin, name))) return;
  // While it is there: roles that have rights in it cannot be dropped from elsewhere.
  await admin.session(name, (client) => dropBoundLogins(client, tenantId));
  await admin.session(undefined, (client) =>
    client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
  );
};

/** `open` while everybody may still connect. */
const findState = async (client: pg.ClientBase, name: string): Promise<"open" | "closed" | undefined> => {
  const { rows } = await client.query<{ open: boolean }>(
    "select has_database_privilege('public', datname, 'connect') as open from pg_database where datname = $1",
    [name],
  );
  if (!rows[0]) return undefined;
  return rows[0].open ? "open" : "closed";
};
