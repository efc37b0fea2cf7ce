import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { limits } from "@sendsar/protocol/limits";
import { toScramVerifier } from "./scram.ts";

/**
 * Makes the login that gateways of this database use, or gives it a new password, and answers a URL with it. The login
 * is a member of `sendsar_gateway` and nothing else: it owns nothing, bypasses nothing, and its statements and locks
 * are bounded in time. The settings belong to the role, so they hold behind a connection pooler too.
 */
export const createGatewayLogin = async (databaseUrl: string): Promise<string> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sendsar-provisioner" });
  await client.connect();
  try {
    const database = await nameOfDatabase(client);
    // Roles belong to the server, so the name carries the database.
    const login = `sendsar_gateway_${createHash("sha256").update(database).digest("hex").slice(0, 12)}`;
    const password = randomBytes(24).toString("base64url");
    const role = pg.escapeIdentifier(login);
    await client.query(`
      do $$ begin
        if not exists (select from pg_roles where rolname = ${pg.escapeLiteral(login)}) then
          create role ${role} login nosuperuser nobypassrls nocreaterole nocreatedb;
        end if;
      end $$;
      alter role ${role} password ${pg.escapeLiteral(toScramVerifier(password))};
      grant sendsar_gateway to ${role};
      ${settingsOf(login, database)}`);
    return urlOfLogin(databaseUrl, { login, password });
  } finally {
    await client.end();
  }
};

/** A login for the gateways of one tenant. */
export interface BoundLogin {
  readonly tenantId: string;
  /** Tells the tenant's logins apart: 1-36 lower-case letters, digits and dashes. */
  readonly id: string;
  /** Random, of ASCII: its SHA-256 is kept, to tell whether it has changed. */
  readonly password: string;
  /** Connections at a time, of all gateways that use it. */
  readonly connectionLimit: number;
}

/**
 * Makes a login whose statements see and change the rows of one tenant and of no other, whatever they say (migration
 * 0012): a member of `sendsar_bound_gateway`, and of nothing else. Answers its name. What is there already stays, and nothing
 * is written then; a new password or limit is put in force. All or nothing, also inside a transaction of the caller, whose
 * context is this tenant afterwards.
 *
 * `client` is connected as a role that may create roles and owns the schema.
 */
export const createBoundLogin = async (client: pg.ClientBase, bound: BoundLogin): Promise<string> => {
  const { tenantId, id, password, connectionLimit } = bound;
  if (!/^[a-z0-9-]{1,36}$/.test(id))
    throw new Error("unable to make a login; its id must be 1-36 of a-z, 0-9 and dash");
  if (!Number.isInteger(connectionLimit) || connectionLimit < 1) {
    throw new Error("unable to make a login; its connection limit must be a whole number from 1");
  }
  const database = await nameOfDatabase(client);
  const login = `${prefixOf(database, tenantId)}${id}`;
  const role = pg.escapeIdentifier(login);
  const name = pg.escapeLiteral(login);
  const tenant = pg.escapeLiteral(tenantId);
  const hash = `'\\x${createHash("sha256").update(password).digest("hex")}'::bytea`;
  await client.query(`
    do $$ begin
      perform set_config('sendsar.tenant_id', ${tenant}, true);
      -- Two at once follow one another.
      perform pg_advisory_xact_lock(hashtextextended(${name}, 0));
      if not exists (select from pg_roles where rolname = ${name}) then
        create role ${role} login nosuperuser nobypassrls nocreaterole nocreatedb;
      end if;
      if not exists (
        select from sendsar.gateway_logins
        where tenant_id = ${tenant} and login = ${name} and password_hash = ${hash}
      ) then
        alter role ${role} login password ${pg.escapeLiteral(toScramVerifier(password))};
        grant sendsar_bound_gateway to ${role};
        ${settingsOf(login, database)}
        insert into sendsar.gateway_logins (tenant_id, login, password_hash) values (${tenant}, ${name}, ${hash})
          on conflict (tenant_id, login) do update set password_hash = excluded.password_hash;
      end if;
      if exists (select from pg_roles where rolname = ${name} and rolconnlimit <> ${connectionLimit}) then
        alter role ${role} connection limit ${connectionLimit};
      end if;
    end $$`);
  return login;
};

/** The logins of a tenant's gateways, those that a failed clean-up left behind included. */
export const listBoundLogins = async (client: pg.ClientBase, tenantId: string): Promise<readonly string[]> => {
  const prefix = prefixOf(await nameOfDatabase(client), tenantId);
  const { rows } = await client.query<{ login: string }>(
    "select rolname as login from pg_roles where starts_with(rolname, $1) order by rolname",
    [prefix],
  );
  return rows.map(({ login }) => login);
};

/**
 * Removes the logins of a tenant's gateways but the one with `keepId`, and ends their sessions. Answers which were there. May
 * be repeated wherever it broke off. Not inside a transaction: who is to go must not come back before it commits.
 */
export const dropBoundLogins = async (
  client: pg.ClientBase,
  tenantId: string,
  keepId?: string,
): Promise<readonly string[]> => {
  const kept = `${prefixOf(await nameOfDatabase(client), tenantId)}${keepId ?? ""}`;
  const dropped = (await listBoundLogins(client, tenantId)).filter((login) => login !== kept);
  for (const login of dropped) {
    const role = pg.escapeIdentifier(login);
    // Ending its sessions and removing what it may have made takes its rights, unless one is superuser.
    await client.query(`alter role ${role} nologin; grant ${role} to current_user`);
    await client.query("select pg_terminate_backend(pid, $2) from pg_stat_activity where usename = $1", [
      login,
      sessionEndMsMax,
    ]);
    await client.query(`
      select set_config('sendsar.tenant_id', ${pg.escapeLiteral(tenantId)}, true);
      delete from sendsar.gateway_logins where tenant_id = ${pg.escapeLiteral(tenantId)} and login = ${pg.escapeLiteral(login)};
      drop owned by ${role};
      drop role ${role}`);
  }
  return dropped;
};

/** The same database with another login. */
export const urlOfLogin = (
  databaseUrl: string,
  { login, password }: { readonly login: string; readonly password: string },
): string => {
  const url = new URL(databaseUrl);
  url.username = login;
  url.password = password;
  return url.href;
};

const sessionEndMsMax = 2000;

const nameOfDatabase = async (client: pg.ClientBase): Promise<string> => {
  const { rows } = await client.query<{ database: string }>("select current_database() as database");
  return rows[0]?.database ?? "";
};

/** Roles belong to the server and everybody can list them: the name carries database and tenant, and tells neither. */
const prefixOf = (database: string, tenantId: string): string =>
  `sendsar_t_${createHash("sha256").update(`${database}/${tenantId}`).digest("hex").slice(0, 16)}_`;

const settingsOf = (login: string, database: string): string => {
  const here = `alter role ${pg.escapeIdentifier(login)} in database ${pg.escapeIdentifier(database)} set`;
  return `
      ${here} search_path = sendsar, pg_temp;
      ${here} statement_timeout = ${limits.queryMsMax};
      ${here} lock_timeout = ${limits.connectionWaitMsMax};
      ${here} idle_in_transaction_session_timeout = ${limits.queryMsMax};`;
};
