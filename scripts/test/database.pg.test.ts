import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase, findTestServer } from "../testing/database.ts";
import { runOn } from "../testing/test-server.ts";

const databasesNamed = async (name: string): Promise<unknown[]> => {
  const { adminUrl } = await findTestServer();
  return runOn(adminUrl, `select datname from pg_database where datname = '${name}'`);
};

const rolesNamed = async (url: string): Promise<unknown[]> => {
  const { adminUrl } = await findTestServer();
  return runOn(adminUrl, `select rolname from pg_roles where rolname = '${new URL(url).username}'`);
};

test("a test database is migrated, is nobody else's, and leaves nothing behind", async () => {
  const one = await createTestDatabase();
  const two = await createTestDatabase();
  await runOn(one.adminUrl, "insert into sendsar.tenants (tenant_id, name) values ('a', 'A')");
  expect(await runOn(one.adminUrl, "select tenant_id from sendsar.tenants")).toEqual([{ tenant_id: "a" }]);
  expect(await runOn(two.adminUrl, "select tenant_id from sendsar.tenants")).toEqual([]);
  for (const database of [one, two]) {
    await database[Symbol.asyncDispose]();
    expect(await databasesNamed(database.name)).toEqual([]);
    expect(await rolesNamed(database.gatewayUrl)).toEqual([]);
  }
});

test("the gateway's login reads no row without a tenant and changes no table", async () => {
  await using database = await createTestDatabase();
  await runOn(database.adminUrl, "insert into sendsar.tenants (tenant_id, name) values ('a', 'A')");
  expect(await runOn(database.gatewayUrl, "select * from sendsar.tenants")).toEqual([]);
  await expect(runOn(database.gatewayUrl, "drop table sendsar.tenants")).rejects.toMatchObject({ code: "42501" });
});

test("a connection that a test left open is a failure that names it, and the database is removed all the same", async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.gatewayUrl, application_name: "forgetful" });
  const dropped = new Promise<Error>((resolve) => client.on("error", resolve));
  await client.connect();
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(
    "unable to remove a test database cleanly; connections are still open: forgetful (idle)",
  );
  expect(await dropped).toBeInstanceOf(Error);
  expect(await databasesNamed(database.name)).toEqual([]);
});
