import pg from "pg";

/** Runs a statement in a tenant's context, or without one, and takes back what it did. */
export const tryInContext = async (
  client: pg.Client,
  tenantId: string | undefined,
  sql: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult> => {
  await client.query("begin");
  try {
    if (tenantId !== undefined) await client.query("select set_config('sendsar.tenant_id', $1, true)", [tenantId]);
    return await client.query(sql, [...values]);
  } finally {
    await client.query("rollback");
  }
};

/** What the database said to a statement that it must refuse. Throws when it did not refuse. */
export const databaseRefusal = async (
  work: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string; readonly detail: string | undefined }> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof pg.DatabaseError)) throw new Error("the database did not refuse", { cause: error });
  return { code: error.code ?? "", message: error.message, detail: error.detail };
};
