import { randomBytes } from "node:crypto";
import { createApiKey } from "../../gateway/src/auth/api-key.ts";
import type { Lab, Server } from "./lab.ts";
import { seedReference } from "./seed.ts";
import type { Deployment, DeploymentOptions } from "./sendsar.ts";

/** The reference servers on a database of their own, in the same Postgres. They know one tenant. */
export const deployReference = async (
  lab: Lab,
  { gateways, worlds, database }: DeploymentOptions,
): Promise<Deployment> => {
  const postgres = await lab.postgres();
  const [world, ...others] = worlds;
  if (!world || others.length > 0) throw new Error("unable to deploy the reference; it serves one tenant");
  const databaseUrl = await postgres.createDatabase(database);
  const apiKey = createApiKey();
  await seedReference(databaseUrl, apiKey, world);
  const env = { DATABASE_URL: databaseUrl, TOKEN_KEY: randomBytes(32).toString("base64") };
  const servers: Server[] = [];
  const startServer = async (): Promise<Server> => {
    const server = await lab.startServer({ script: "bench/reference/server.ts", env });
    servers.push(server);
    return server;
  };
  for (let count = 0; count < gateways; count++) await startServer();
  return {
    servers,
    headers: [`x-api-key: ${apiKey}\r\n`],
    worlds,
    databaseUrl,
    cpuMicros: () => servers.reduce((sum, server) => sum + server.cpuMicros(), 0),
    startServer,
  };
};
