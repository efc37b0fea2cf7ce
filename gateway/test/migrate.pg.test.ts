import { readdirSync } from "node:fs";
import { PG_MIGRATE_LOCK_ID } from "node-pg-migrate";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EmptyDatabase } from "../../scripts/testing/empty-database.ts";
import { createEmptyDatabase } from "../../scripts/testing/empty-database.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { migrate, newestMigration } from "../src/store/migrate.ts";
import { migrationsDir } from "../src/store/migrations-dir.ts";
import { migrateTo } from "./fixtures/migrate-to.ts";

let database: EmptyDatabase;
let databaseUrl: string;
beforeEach(async () => {
  database = await createEmptyDatabase();
  databaseUrl = database.adminUrl;
});
afterEach(() => database[Symbol.asyncDispose]());

const migrations = readdirSync(migrationsDir)
  .filter((file) => file.endsWith(".sql"))
  .map((file) => file.replace(/\.sql$/, ""))
  .toSorted();

/** Every object of the schema with its definition, and the list of what was applied. */
const readSchema = async (): Promise<unknown> => {
  const objects = await runOn(
    databaseUrl,
    `select c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text, c.reloptions,
       (select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          pg_get_expr(d.adbin, d.adrelid), a.attacl::text) order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0) as columns,
       (select json_agg(pg_get_constraintdef(k.oid) order by k.conname) from pg_constraint k where k.conrelid = c.oid)
         as constraints,
       (select json_agg(pg_get_indexdef(i.indexrelid) order by 1) from pg_index i where i.indrelid = c.oid) as indexes
     from pg_class c where c.relnamespace = 'sendsar'::regnamespace order by c.relname`,
  );
  return { objects, applied: await runOn(databaseUrl, "select name from sendsar.migrations order by id") };
};

const openAdmin = async (): Promise<pg.Client & AsyncDisposable> => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "test-admin" });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
};

test("every migration has a number of its own and a banner", () => {
  expect(migrations.length).toBeGreaterThan(0);
  expect(migrations.map((name) => Number(name.slice(0, 4)))).toEqual(migrations.map((_, index) => index + 1));
  for (const name of migrations) expect(name).toMatch(/^\d{4}_[a-z0-9_]+$/);
  expect(newestMigration()).toBe(migrations.at(-1));
});

describe("migrate", () => {
  test("applies all, in order, then nothing", async () => {
    expect(await migrate({ databaseUrl })).toEqual({ applied: migrations });
    const schema = await readSchema();
    expect(schema).toMatchObject({ applied: migrations.map((name) => ({ name })) });
    expect(await migrate({ databaseUrl })).toEqual({ applied: [] });
    expect(await readSchema()).toEqual(schema);
  });

  test("J14 two at once: one applies all, the other waits and applies nothing", async () => {
    const results = await Promise.all([migrate({ databaseUrl }), migrate({ databaseUrl })]);
    expect(results.map(({ applied }) => applied.join()).toSorted()).toEqual(["", migrations.join()]);
    expect(await readSchema()).toMatchObject({ applied: migrations.map((name) => ({ name })) });
  });

  test("J14 two databases of one server at once, whose roles are the same: both are migrated", async () => {
    await using other = await createEmptyDatabase();
    const results = await Promise.all([migrate({ databaseUrl }), migrate({ databaseUrl: other.adminUrl })]);
    for (const { applied } of results) expect(applied).toEqual(migrations);
  });

  test("J14 whoever waits too long for its turn is told so, and has changed nothing", async () => {
    await using admin = await openAdmin();
    await admin.query(`select pg_advisory_lock(${PG_MIGRATE_LOCK_ID})`);
    await expect(migrate({ databaseUrl, turnWaitMs: 200 })).rejects.toThrow(
      "unable to migrate the database; another one has been migrating it for 0.2 s",
    );
    expect(await runOn(databaseUrl, "select to_regnamespace('sendsar') as schema")).toEqual([{ schema: null }]);
  });

  test("leaves rows alone that are there", async () => {
    await migrate({ databaseUrl });
    await runOn(databaseUrl, "insert into sendsar.tenants (tenant_id, name) values ('kept', 'Kept')");
    await migrate({ databaseUrl });
    expect(await runOn(databaseUrl, "select name from sendsar.tenants")).toEqual([{ name: "Kept" }]);
  });

  test("leaves no connection and no lock behind", async () => {
    await migrate({ databaseUrl });
    await using admin = await openAdmin();
    const countOf = async (sql: string) => (await admin.query(`${sql} and pid <> pg_backend_pid()`)).rowCount;
    const sessions = () => countOf("select from pg_stat_activity where datname = current_database()");
    await expect.poll(sessions, { timeout: 5000 }).toBe(0);
    // Of this database: the tests beside this one hold locks of their own on the same server.
    expect(
      await countOf(`
        select from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where locktype = 'advisory' and datname = current_database()`),
    ).toBe(0);
  });
});

/** Of one session the fields are not read at one moment: a transaction may end between them. */
const waiting = `
  select xact_start from pg_stat_activity
  where datname = current_database() and application_name = 'sendsar-migrate' and wait_event_type = 'Lock'
    and xact_start is not null`;

describe("J13 a migration that does not get its lock", () => {
  test("steps aside after some seconds, tries again, and succeeds when it is free", async () => {
    await migrateTo(databaseUrl, 2);
    await using admin = await openAdmin();
    await using writer = await openAdmin();
    // A long transaction that has written to the table which the migration refers to.
    await writer.query("begin; insert into sendsar.tenants (tenant_id, name) values ('slow', 'Slow')");
    const migrated = migrate({ databaseUrl });
    const startOf = async (): Promise<number | undefined> =>
      (await admin.query<{ xact_start: Date }>(waiting)).rows[0]?.xact_start.getTime();
    await expect.poll(startOf, { timeout: 10_000 }).toBeDefined();
    const first = await startOf();
    // Another transaction, so the first one was given up.
    await expect.poll(async () => (await startOf()) ?? first, { timeout: 15_000 }).not.toBe(first);
    await writer.query("rollback");
    expect((await migrated).applied).toEqual(migrations.slice(2));
    expect(await runOn(databaseUrl, "select count(*)::int as n from sendsar.migrations")).toEqual([
      { n: migrations.length },
    ]);
    expect(await migrate({ databaseUrl })).toEqual({ applied: [] });
  });
});

describe("J13 a migration, and the traffic", () => {
  test("J13 behind a long report a migration waits in short tries: nobody who reads or writes waits for two seconds", async () => {
    await migrateTo(databaseUrl, 2);
    await using admin = await openAdmin();
    await using report = await openAdmin();
    await using traffic = await openAdmin();
    await report.query("begin; select from sendsar.tenants");
    const migrated = migrate({ databaseUrl });
    const tries = new Set<number>();
    const waits: number[] = [];
    while (tries.size < 3) {
      const [row] = (await admin.query<{ xact_start: Date }>(waiting)).rows;
      if (row) tries.add(row.xact_start.getTime());
      const startedAt = performance.now();
      await traffic.query(`insert into sendsar.tenants (tenant_id, name) values ('t${waits.length}', 'T')`);
      waits.push(performance.now() - startedAt);
    }
    await report.query("commit");
    expect((await migrated).applied).toEqual(migrations.slice(2));
    // Somebody did wait, or the report was not in the way.
    expect(Math.max(...waits)).toBeGreaterThan(200);
    expect(Math.max(...waits)).toBeLessThan(2000);
  });
});

describe("J13 an index on a table that is written to", () => {
  const indexes = () =>
    runOn(
      databaseUrl,
      "select indisvalid as valid from pg_index where indexrelid::regclass::text like '%messages_by_id%'",
    );
  /** It waits for the end of all that began before it. */
  const building = `
    select pid from pg_stat_activity
    where datname = current_database() and application_name = 'sendsar-migrate' and wait_event = 'virtualxid'`;

  test("J13 is built while a long report runs and others write; none of them waits for it", async () => {
    await migrateTo(databaseUrl, 4);
    await using admin = await openAdmin();
    await using report = await openAdmin();
    await report.query("begin isolation level repeatable read; select from sendsar.tenants");
    const migrated = migrate({ databaseUrl });
    await expect.poll(async () => (await admin.query(building)).rowCount, { timeout: 10_000 }).toBe(1);
    await admin.query("set statement_timeout = 2000");
    await admin.query("insert into sendsar.tenants (tenant_id, name) values ('t', 'T')");
    await admin.query("begin; lock table sendsar.messages in row exclusive mode; commit");
    expect(await indexes()).toEqual([{ valid: false }]);
    await report.query("commit");
    expect((await migrated).applied).toEqual(migrations.slice(4));
    expect(await indexes()).toEqual([{ valid: true }]);
  });

  test("J13 is built anew when it was not finished", async () => {
    await migrateTo(databaseUrl, 4);
    await using admin = await openAdmin();
    await using report = await openAdmin();
    await report.query("begin isolation level repeatable read; select from sendsar.tenants");
    const failed = migrate({ databaseUrl }).catch((error: unknown) => error);
    await expect.poll(async () => (await admin.query(building)).rowCount, { timeout: 10_000 }).toBe(1);
    await admin.query(`select pg_terminate_backend(pid) from (${building}) found`);
    expect(await failed).toMatchObject({
      message: expect.stringMatching(/^unable to migrate the database; /) as string,
    });
    await report.query("commit");
    expect(await indexes()).toEqual([{ valid: false }]);
    expect((await migrate({ databaseUrl })).applied).toEqual(migrations.slice(4));
    expect(await indexes()).toEqual([{ valid: true }]);
  });
});

describe("a database that cannot be migrated", () => {
  test("is refused in one sentence, and left as it was", async () => {
    await runOn(databaseUrl, "create schema sendsar", "create table sendsar.tenants (id int)");
    const refusal = await migrate({ databaseUrl }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Error);
    expect((refusal as Error).message).toMatch(/^unable to migrate the database; .*tenants/);
    // What came before is kept, each migration being a transaction of its own; of the refused one nothing is.
    expect(await runOn(databaseUrl, "select name from sendsar.migrations order by id")).toEqual([
      { name: migrations[0] },
    ]);
    expect(await runOn(databaseUrl, "select to_regclass('sendsar.api_keys') as made")).toEqual([{ made: null }]);
    await runOn(databaseUrl, "drop table sendsar.tenants");
    expect((await migrate({ databaseUrl })).applied).toEqual(migrations.slice(1));
  });

  test("no right to migrate, no such database, no server: a sentence each", async () => {
    const url = new URL(databaseUrl);
    url.pathname = "/nowhere";
    for (const unreachable of [url.href, "postgres://u:hidden@127.0.0.1:1/x"]) {
      const refused = migrate({ databaseUrl: unreachable });
      await expect(refused).rejects.toThrow(/^unable to migrate the database; \S/);
      await expect(refused).rejects.not.toThrow(/hidden/);
    }
  });
});
