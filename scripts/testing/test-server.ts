import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../postgres/start-postgres.ts";
import { projectDir } from "../start/home.ts";
import { migrate } from "../../gateway/src/store/migrate.ts";

/** A Postgres for tests, with a migrated database to copy. */
export interface TestServer extends AsyncDisposable {
  /** Of a superuser, for the database `postgres`. */
  readonly adminUrl: string;
  /** Name of the migrated database. Nobody may be connected to it while it is copied. */
  readonly template: string;
}

/**
 * Opens the server at `databaseUrl`, or an embedded one that lives as long as the test run and never waits for the
 * disk. Either way the template is made anew, and removed at the end.
 */
export const openTestServer = async (databaseUrl: string | undefined): Promise<TestServer> => {
  await using parts = new AsyncDisposableStack();
  const adminUrl = databaseUrl ?? parts.use(await startTestPostgres()).adminUrl;
  const template = `sendsar_template_${randomBytes(6).toString("hex")}`;
  await runOn(adminUrl, `create database ${template}`);
  parts.defer(async () => {
    await runOn(adminUrl, `drop database if exists ${template} with (force)`);
  });
  await migrate({ databaseUrl: urlOfDatabase(adminUrl, template) });
  const open = parts.move();
  return { adminUrl, template, [Symbol.asyncDispose]: () => open.disposeAsync() };
};

/** The same server and login, another database. */
export const urlOfDatabase = (databaseUrl: string, name: string): string => {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
};

/** Runs statements, each in a transaction of its own, on a connection of their own. Answers the last one's rows. */
export const runOn = async <R extends pg.QueryResultRow>(
  databaseUrl: string,
  ...statements: string[]
): Promise<R[]> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "sendsar-test-server" });
  await client.connect();
  try {
    let rows: R[] = [];
    for (const statement of statements) ({ rows } = await client.query<R>(statement));
    return rows;
  } finally {
    await client.end();
  }
};

const startTestPostgres = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "sendsar-test-"));
  const logFile = join(dataDir, "postgres.log");
  const settings = { max_connections: "300" };
  return startPostgres({ dataDir, logFile, projectDir, settings, temporary: true });
};
