import pg from "pg";

/** Opens a connection that may be lost at any time. Answers undefined when Postgres does not take it. */
export const connectAs = async (databaseUrl: string, application: string): Promise<pg.Client | undefined> => {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: application,
    connectionTimeoutMillis: 5000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch {
    // Too many connections, which is what the caller waits for.
    await client.end().catch(() => undefined);
    return undefined;
  }
};
