import type { Db, Statement } from "./db.ts";
import { suspendTenant } from "./tenants.ts";

/**
 * Removes rows of a tenant that is to be deleted in steps, when there are more than one statement may remove: each ends in
 * time and holds its locks for a moment. Suspended first, so that no new rows come. What is left afterwards is little. May be
 * repeated wherever it broke off; of a small tenant nothing is done.
 */
export const clearTenant = async (db: Db, tenantId: string, rowsMax = stepRowsMax): Promise<void> => {
  const [size] = await db.query<{ readonly large: boolean }>(tenantId, selectLarge, [tenantId, rowsMax]);
  if (!size?.large) return;
  await db.batch(tenantId, [suspendTenant(tenantId)]);
  for (const table of tables) {
    while ((await deleteSome(db, tenantId, table, rowsMax)) === rowsMax);
  }
};

/** Rows that one step removes, in well under a second. */
const stepRowsMax = 5000;

// In this order each finds those that refer to it gone.
const tables = [
  "events",
  "messages",
  "participants",
  "user_rooms",
  "upload_uses",
  "idempotency_keys",
  "devices",
  "rooms",
  "users",
] as const;
type Table = (typeof tables)[number];

const selectLarge: Statement = {
  name: "select-large-tenant",
  text: `select ${tables
    .map((table) => `exists (select from ${table} where tenant_id = $1 offset $2::int - 1 limit 1)`)
    .join(" or ")} as large`,
};

const deleteSome = async (db: Db, tenantId: string, table: Table, rowsMax: number): Promise<number> => {
  const statement: Statement = {
    name: `delete-some-${table}`,
    text: `
      with gone as (
        delete from ${table}
        where tenant_id = $1 and ctid = any (array(select ctid from ${table} where tenant_id = $1 limit $2))
        returning 1
      )
      select count(*)::int as rows from gone`,
  };
  const [rows] = await db.batch(tenantId, [{ statement, values: [tenantId, rowsMax] }]);
  return Number(rows?.[0]?.["rows"] ?? 0);
};
