import pg from "pg";
import { expect } from "vitest";

/**
 * Every row of the schema and every login with the transaction that wrote it (xmin) and where it lies: written again it is
 * another version, even with the same content.
 */
const readRowVersions = async (adminUrl: string): Promise<Readonly<Record<string, readonly string[]>>> => {
  const client = new pg.Client({ connectionString: adminUrl, application_name: "test-row-versions" });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'sendsar'::regnamespace and relkind = 'r' order by 1",
    );
    const found: Record<string, readonly string[]> = {};
    for (const { name } of tables) found[name] = await versionsOf(client, `sendsar.${pg.escapeIdentifier(name)} t`);
    found["roles"] = await versionsOf(
      client,
      "pg_authid t where rolname in (select login from sendsar.gateway_logins)",
    );
    return found;
  } finally {
    await client.end();
  }
};

const versionsOf = async (client: pg.Client, from: string): Promise<string[]> => {
  const { rows } = await client.query<{ row: string }>(
    `select concat_ws(' ', t.xmin, t.ctid, to_jsonb(t)) as row from ${from} order by 1`,
  );
  return rows.map(({ row }) => row);
};

/** Runs something and requires that it wrote nothing at all. */
export const requireNothingWritten = async <T>(adminUrl: string, act: () => Promise<T>): Promise<T> => {
  const before = await readRowVersions(adminUrl);
  const result = await act();
  expect(await readRowVersions(adminUrl)).toEqual(before);
  return result;
};
