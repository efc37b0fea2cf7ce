import type { Lab, Server } from "./lab.ts";
import { seedReference } from "./seed.ts";
import type { World } from "./world.ts";

/** A process that runs SQL statements in a loop, on a database of its own with the tables of the reference. */
export const deploySqlLoop = async (lab: Lab, world: World): Promise<Server> => {
  const postgres = await lab.postgres();
  const databaseUrl = await postgres.createDatabase("floor");
  await seedReference(databaseUrl, "none", world);
  return await lab.startServer({ script: "bench/floors/sql-loop.ts", env: { DATABASE_URL: databaseUrl } });
};
