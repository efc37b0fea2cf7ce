import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../gateway/src/store/migrate.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { startPostgres } from "../postgres/start-postgres.ts";
import { sendSignal } from "../process/processes.ts";
import { projectDir } from "../start/home.ts";
import type { TestDatabase } from "./database.ts";
import { runOn, urlOfDatabase } from "./test-server.ts";

/** A Postgres of one test's own, to be treated badly, with a migrated database. */
export interface OwnPostgres extends TestDatabase {
  /** Stops every process of the server where it is, until `wake`. Connections stay, and nobody answers. */
  freeze(): Promise<void>;
  wake(): void;
  /** Ends all connections to the database but the caller's. */
  terminateAll(): Promise<void>;
  /** Changes a setting of the server, for all sessions. */
  set(name: string, value: string): Promise<void>;
}

/** Starts it with these settings of the server. */
export const startOwnPostgres = async (settings: Readonly<Record<string, string>> = {}): Promise<OwnPostgres> => {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "sendsar-own-"));
  const logFile = join(dataDir, "postgres.log");
  const server = parts.use(await startPostgres({ dataDir, logFile, projectDir, settings, temporary: true }));
  const name = "sendsar";
  await runOn(server.adminUrl, `create database ${name}`);
  const adminUrl = urlOfDatabase(server.adminUrl, name);
  await migrate({ databaseUrl: adminUrl });
  let gatewayUrl: string;
  {
    const masterKey = Buffer.alloc(32).toString("base64");
    await using provisioner = await openProvisioner({ databaseUrl: adminUrl, masterKey });
    gatewayUrl = await provisioner.ensureGatewayLogin();
  }
  let frozen: number[] = [];
  const wake = (): void => {
    for (const pid of frozen) sendSignal(pid, "SIGCONT");
    frozen = [];
  };
  // A frozen server could not be stopped.
  parts.defer(wake);
  const open = parts.move();
  return {
    name,
    adminUrl,
    gatewayUrl,
    wake,
    async freeze() {
      const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-server" });
      client.on("error", () => undefined);
      await client.connect();
      // First the one that makes the others, so that the list is complete.
      frozen = [server.pid];
      sendSignal(server.pid, "SIGSTOP");
      const { rows } = await client.query<{ pid: number }>(
        "select pid from pg_stat_activity where pid <> pg_backend_pid()",
      );
      for (const { pid } of rows) {
        frozen.push(pid);
        sendSignal(pid, "SIGSTOP");
      }
      await client.end();
    },
    async terminateAll() {
      await runOn(adminUrl, terminateAll);
    },
    async set(setting, value) {
      await runOn(server.adminUrl, `alter system set ${setting} = ${value}`, "select pg_reload_conf()");
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
};

const terminateAll = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`;
