import { randomBytes } from "node:crypto";
import pg from "pg";
import type { TestServer } from "./test-server.ts";
import { runOn, urlOfDatabase } from "./test-server.ts";
import { waitUntil } from "../process/wait.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";

/** A migrated, empty database for one test or one test file. Disposing removes it. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Of a superuser. */
  readonly adminUrl: string;
  /** Of a login with the rights of a gateway and no others. */
  readonly gatewayUrl: string;
}

// A server process needs a moment to notice that its client has gone.
const closingMsMax = 2000;

/**
 * Makes a database by copying the migrated one. A test must close what it opens: disposing throws, naming whose
 * connections are still there.
 */
export const copyDatabase = async (server: Pick<TestServer, "adminUrl" | "template">): Promise<TestDatabase> => {
  const name = `sendsar_test_${randomBytes(8).toString("hex")}`;
  await runOn(server.adminUrl, `create database ${name} template ${server.template}`);
  const adminUrl = urlOfDatabase(server.adminUrl, name);
  const gatewayUrl = await createLogin(adminUrl);
  return {
    name,
    adminUrl,
    gatewayUrl,
    async [Symbol.asyncDispose]() {
      const left = await connectionsLeft(server.adminUrl, name);
      const login = pg.escapeIdentifier(new URL(gatewayUrl).username);
      await runOn(server.adminUrl, `drop database ${name} with (force)`, `drop role ${login}`);
      if (left.length === 0) return;
      throw new Error(`unable to remove a test database cleanly; connections are still open: ${left.join(", ")}`);
    },
  };
};

const createLogin = async (adminUrl: string): Promise<string> => {
  await using provisioner = await openProvisioner({
    databaseUrl: adminUrl,
    masterKey: randomBytes(32).toString("base64"),
  });
  return await provisioner.ensureGatewayLogin();
};

const connectionsLeft = async (serverUrl: string, name: string): Promise<readonly string[]> => {
  let left: readonly string[] = [];
  await waitUntil(
    async () => {
      const rows = await runOn<{ owner: string }>(serverUrl, openConnections(name));
      left = rows.map((row) => row.owner);
      return left.length === 0;
    },
    { limitMs: closingMsMax },
  );
  return left;
};

const openConnections = (name: string): string => `
  select coalesce(nullif(application_name, ''), usename) || ' (' || coalesce(state, 'new') || ')' as owner
  from pg_stat_activity
  where datname = ${pg.escapeLiteral(name)} and backend_type = 'client backend'`;
