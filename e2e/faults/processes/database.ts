import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../../gateway/src/store/migrate.ts";
import { sendSignal } from "../../../scripts/process/processes.ts";
import type { Postgres } from "../../../scripts/postgres/start-postgres.ts";
import { startPostgres } from "../../../scripts/postgres/start-postgres.ts";
import { projectDir } from "../../../scripts/start/home.ts";
import { runOn, urlOfDatabase } from "../../../scripts/testing/test-server.ts";
import type { Paused } from "./pause.ts";
import { connectAs } from "./sessions.ts";
import { familyOf, pauseProcesses } from "./pause.ts";

/** One real Postgres that waits for its disk, and what can be done to it. */
export interface FaultDatabase extends AsyncDisposable {
  readonly port: number;
  /** Of the superuser, for our database. */
  readonly adminUrl: string;
  /** Runs a statement as the superuser, on a connection of its own. */
  query<R extends pg.QueryResultRow>(sql: string): Promise<R[]>;
  /** Opens a session of the superuser that stays; whatever ends it, this process goes on. */
  session(): Promise<pg.Client>;
  /** How many connections have this name. */
  connections(application: string): Promise<number>;
  /** Ends the connections with one of these names; answers how many. None if Postgres is not there just now. */
  terminate(applications: readonly string[]): Promise<number>;
  /** `fast`: ends all connections and stops in order. `immediate` and `kill`: leaves the rest to recovery. */
  stop(how: "fast" | "immediate" | "kill"): Promise<void>;
  start(): Promise<void>;
  /** Stops every process of the server where it is. */
  freeze(): Promise<Paused>;
}

const databaseName = "faults";

/** Starts it in the folder, with our schema. */
export const startFaultDatabase = async (dir: string, connectionsMax: number): Promise<FaultDatabase> => {
  const options = {
    dataDir: join(dir, "postgres"),
    logFile: join(dir, "postgres.log"),
    projectDir,
    // We look at it while others take all that they can get.
    settings: { max_connections: String(connectionsMax), superuser_reserved_connections: "10" },
  };
  await mkdir(options.dataDir, { recursive: true });
  let postgres: Postgres = await startPostgres(options);
  const { port } = postgres;
  await runOn(postgres.adminUrl, `create database ${databaseName}`);
  const adminUrl = urlOfDatabase(postgres.adminUrl, databaseName);
  await migrate({ databaseUrl: adminUrl });

  const stop = async (how: "fast" | "immediate" | "kill"): Promise<void> => {
    const signal = how === "fast" ? "SIGINT" : how === "immediate" ? "SIGQUIT" : "SIGKILL";
    sendSignal(postgres.pid, signal);
    await postgres.ended;
    // What is left of it: the watch over a process that has gone.
    await postgres.stop();
  };

  return {
    port,
    adminUrl,
    query: (sql) => runOn(adminUrl, sql),
    async session() {
      const client = new pg.Client({ connectionString: adminUrl, application_name: "faults" });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    async connections(application) {
      const [row] = await runOn<{ n: number }>(
        adminUrl,
        `select count(*)::int as n from pg_stat_activity where application_name = ${pg.escapeLiteral(application)}`,
      );
      return row?.n ?? 0;
    },
    async terminate(applications) {
      const names = applications.map((name) => pg.escapeLiteral(name)).join(", ");
      const client = await connectAs(adminUrl, "faults");
      if (!client) return 0;
      let isGone = false;
      client.on("error", () => (isGone = true));
      client.on("end", () => (isGone = true));
      try {
        const { rowCount } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name in (${names})`,
        );
        return rowCount ?? 0;
      } catch (error) {
        // It went away while it was asked, and all connections with it.
        if (!isGone) throw error;
        return 0;
      } finally {
        await client.end();
      }
    },
    stop,
    async start() {
      postgres = await startPostgres({ ...options, port });
    },
    freeze: async () => pauseProcesses(await familyOf(postgres.pid)),
    [Symbol.asyncDispose]: () => postgres.stop(),
  };
};
