import pg from "pg";

/** Where something was found, and in which writing: `sendsar.users: plain`. */
export type SearchHit = string;

/**
 * Looks for a secret in every row of every table of a database, system tables included, as it is and in the writings
 * that a database or a program would give it: hex, base64, and the text form of bytes. Works on text, like a grep of a
 * dump.
 */
export const searchDatabase = async (adminUrl: string, secret: string | Buffer): Promise<SearchHit[]> => {
  const bytes = Buffer.from(secret as string);
  const writings: Readonly<Record<string, string>> = {
    ...(typeof secret === "string" && { plain: secret }),
    hex: bytes.toString("hex"),
    base64: bytes.toString("base64").replace(/=+$/, ""),
    base64url: bytes.toString("base64url"),
  };
  const client = new pg.Client({ connectionString: adminUrl, application_name: "sendsar-test-search" });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(selectTables);
    const hits: SearchHit[] = [];
    for (const { name } of tables) {
      for (const [writing, text] of Object.entries(writings)) {
        const { rowCount } = await client.query(`select from ${name} t where strpos(t::text, $1) > 0 limit 1`, [text]);
        if (rowCount) hits.push(`${name}: ${writing}`);
      }
    }
    return hits;
  } finally {
    await client.end();
  }
};

/** All tables there are. What lies in a TOAST table is read with the row it belongs to. */
const selectTables = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and n.nspname !~ '^pg_toast'
  order by 1`;
