import pg from "pg";
import { expect } from "vitest";

/** Rows of a tenant as JSON texts, by table. */
export type TenantRows = Readonly<Record<string, readonly string[]>>;

/** Reads every row that a tenant has, in every table that has tenants, one made yesterday included. */
export const readTenantRows = async (adminUrl: string, tenantId: string): Promise<TenantRows> => {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-rows" });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(selectTables);
    const found: Record<string, readonly string[]> = {};
    for (const { name } of tables) {
      const table = `sendsar.${pg.escapeIdentifier(name)}`;
      const { rows } = await client.query<{ row: string }>(
        `select to_jsonb(t)::text as row from ${table} t where tenant_id = $1 order by 1`,
        [tenantId],
      );
      found[name] = rows.map(({ row }) => row);
    }
    return found;
  } finally {
    await client.end();
  }
};

/** Runs something and requires that not one row of these tenants is another one afterwards. */
export const requireUnchanged = async <T>(
  adminUrl: string,
  tenantIds: readonly string[],
  act: () => Promise<T>,
): Promise<T> => {
  const before = await Promise.all(tenantIds.map((tenantId) => readTenantRows(adminUrl, tenantId)));
  const result = await act();
  const after = await Promise.all(tenantIds.map((tenantId) => readTenantRows(adminUrl, tenantId)));
  expect(after).toEqual(before);
  return result;
};

const selectTables = `
  select c.relname as name
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relnamespace = 'sendsar'::regnamespace and c.relkind in ('r', 'p')
  order by 1`;
