import { fileURLToPath } from "node:url";

/** Where the SQL files of the schema are. A bundle puts another module in place of this one: it keeps them beside itself. */
export const migrationsDir = fileURLToPath(new URL("../../migrations", import.meta.url));
