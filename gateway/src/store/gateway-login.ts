import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { limits } from "@sendsar/protocol/limits";

/**
 * Makes the login that gateways of this database use, or gives it a new password, and answers a URL with it. The login
 * is a member of `sendsar_gateway` and nothing else: it owns nothing, bypasses nothing, and its statements and locks
 * are bounded in time. The settings belong to the role, so they hold behind a connection pooler too.
 */
export const createGatewayLogin = async (databaseUrl: string): Promise<string> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sendsar-provisioner" });
  await client.connect();
  try {
    const { rows } = await client.query<{ database: string }>("select current_database() as database");
    const database = rows[0]?.database ?? "";
    // Roles belong to the server, so the name carries the database.
    const login = `sendsar_gateway_${createHash("sha256").update(database).digest("hex").slice(0, 12)}`;
    const password = randomBytes(24).toString("base64url");
    await client.query(createLogin(login, password, database));
    const url = new URL(databaseUrl);
    url.username = login;
    url.password = password;
    return url.href;
  } finally {
    await client.end();
  }
};

const createLogin = (login: string, password: string, database: string): string => {
  const role = pg.escapeIdentifier(login);
  const here = `alter role ${role} in database ${pg.escapeIdentifier(database)} set`;
  return `
    do $$ begin
      if not exists (select from pg_roles where rolname = ${pg.escapeLiteral(login)}) then
        create role ${role} login nosuperuser nobypassrls nocreaterole nocreatedb;
      end if;
    end $$;
    alter role ${role} password ${pg.escapeLiteral(password)};
    grant sendsar_gateway to ${role};
    ${here} search_path = sendsar, pg_temp;
    ${here} statement_timeout = ${limits.queryMsMax};
    ${here} lock_timeout = ${limits.connectionWaitMsMax};
    ${here} idle_in_transaction_session_timeout = ${limits.queryMsMax};
  `;
};
