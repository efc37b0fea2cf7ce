import pg from "pg";

/** Tells whether any row of a tenant was written, made or removed. */
export interface Fingerprints extends AsyncDisposable {
  /** Differs from an earlier one whenever a row of the tenant does. */
  of(tenantId: string): Promise<string>;
}

/**
 * Reads which transaction wrote each table's latest row of the tenant, and how many rows there are: a fraction of the cost
 * of reading the rows, so that it can be done after every cell.
 */
export const openFingerprints = async (adminUrl: string): Promise<Fingerprints> => {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-fingerprints" });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(selectTables);
  const parts = rows.map(
    ({
      name,
    }) => `select ${pg.escapeLiteral(name)} || ' ' || count(*) || ' ' || coalesce(max(xmin::text::bigint), 0) as line
      from sendsar.${pg.escapeIdentifier(name)} where tenant_id = $1`,
  );
  const text = `select string_agg(line, e'\\n' order by line) as lines from (${parts.join(" union all ")}) one`;
  return {
    of: async (tenantId) => {
      const found = await client.query<{ lines: string }>(text, [tenantId]);
      return found.rows[0]?.lines ?? "";
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
};

const selectTables = `
  select c.relname as name
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where c.relnamespace = 'sendsar'::regnamespace and c.relkind in ('r', 'p')
  order by 1`;
