import type { Db, Statement } from "./db.ts";
import { newestMigration } from "./migrate.ts";
import { StoreError } from "./store-error.ts";

/**
 * Why this build cannot work with the database's schema, or undefined. A schema of a later version is as good: migrations
 * come before the gateways of their version, and gateways of the version before are started on it too, and after a step back.
 * For whoever works as the role of the provisioner, or as a gateway.
 */
export const findMissingMigration = async (db: Db): Promise<string | undefined> => {
  const needed = newestMigration();
  const found = await findApplied(db, needed);
  return found?.has_needed ? undefined : `it is at migration ${found?.name ?? "none"}, and ${needed} is needed`;
};

interface AppliedRow {
  readonly name: string;
  readonly has_needed: boolean;
}

const findApplied = async (db: Db, needed: string): Promise<AppliedRow | undefined> => {
  try {
    const [row] = await db.query<AppliedRow>("", selectApplied, [needed]);
    return row;
  } catch (error) {
    if (error instanceof StoreError && notThere.has((error.cause as { code?: string }).code ?? "")) return undefined;
    throw error;
  }
};

const selectApplied: Statement = {
  name: "select-applied-migration",
  text: `
    select name, exists (select from migrations where name = $1) as has_needed
    from migrations order by id desc limit 1`,
};

/** Neither the role to work as, nor the schema, nor the list of migrations, nor the right to read it. */
const notThere: ReadonlySet<string> = new Set(["22023", "3F000", "42P01", "42501"]);
