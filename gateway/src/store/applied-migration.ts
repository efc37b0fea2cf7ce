import type { Db, Statement } from "./db.ts";
import { StoreError } from "./store-error.ts";

/** Name of the newest migration that the database has; undefined for one that has none. Takes the role of the provisioner. */
export const findAppliedMigration = async (db: Db): Promise<string | undefined> => {
  try {
    const [row] = await db.query<{ name: string }>("", selectNewest, []);
    return row?.name;
  } catch (error) {
    if (error instanceof StoreError && notThere.has((error.cause as { code?: string }).code ?? "")) return undefined;
    throw error;
  }
};

const selectNewest: Statement = {
  name: "select-newest-applied",
  text: "select name from migrations order by id desc limit 1",
};

/** Neither the role to work as, nor the schema, nor the list of migrations, nor the right to read it. */
const notThere: ReadonlySet<string> = new Set(["22023", "3F000", "42P01", "42501"]);
