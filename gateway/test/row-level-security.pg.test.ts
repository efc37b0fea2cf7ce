import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { plantTenant } from "../../scripts/testing/plant-tenant.ts";
import { databaseRefusal, tryInContext } from "../../scripts/testing/tenant-context.ts";
import type { TenantRows } from "../../scripts/testing/tenant-rows.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";

/*
 * What the database itself refuses to a gateway that is out of its mind: statements are sent on the gateway's own login,
 * past all of its code.
 */
let gateway: TestGateway;
let rowsOfA: TenantRows;
let tables: readonly string[];
let client: pg.Client;
beforeAll(async () => {
  gateway = await startTestGateway();
  await plantTenant(gateway, gateway.a);
  await plantTenant(gateway, gateway.b);
  rowsOfA = await readTenantRows(gateway.database.adminUrl, "a");
  tables = Object.keys(rowsOfA).filter((table) => !provisionersOnly.includes(table));
  client = new pg.Client({ connectionString: gateway.database.gatewayUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await gateway[Symbol.asyncDispose]();
});

/** What is none of a gateway's business. */
const provisionersOnly: readonly string[] = ["gateway_logins", "operator_fence", "tenant_bindings"];

const tryAs = (tenantId: string | undefined, sql: string, values?: readonly unknown[]) =>
  tryInContext(client, tenantId, sql, values);

describe("J03 a statement without the tenant's context", () => {
  test("J03 reads 0 rows, of every table", async () => {
    for (const table of tables) {
      for (const context of [undefined, "", "nobody", "A", "a ", "%", "a' or true --"]) {
        expect((await tryAs(context, `select * from ${table}`)).rows).toEqual([]);
      }
    }
  });

  test("J03 with it, reads the tenant's rows and no others, of every table", async () => {
    for (const table of tables) {
      const { rows } = await tryAs("a", `select to_jsonb(t)::text as row from ${table} t order by 1`);
      expect(rows.map(({ row }) => row)).toEqual(rowsOfA[table]);
      const named = await tryAs("a", `select * from ${table} where tenant_id = 'b' or tenant_id <> 'a' or true`);
      expect(named.rows).toHaveLength(rowsOfA[table]?.length ?? 0);
    }
  });

  test("J03 of what only provisioning needs it reads and changes nothing, not even the tenant's", async () => {
    expect(Object.keys(rowsOfA)).toEqual(expect.arrayContaining([...provisionersOnly]));
    for (const table of provisionersOnly) {
      for (const context of [undefined, "a", "*"]) {
        for (const statement of [
          `select from ${table}`,
          `insert into ${table} (tenant_id) values ('a')`,
          `update ${table} set tenant_id = tenant_id`,
          `delete from ${table}`,
        ]) {
          expect((await databaseRefusal(tryAs(context, statement))).message).toMatch(/^permission denied for table/);
        }
      }
    }
    for (const call of ["hold_fence(1)", "hold_binding('a', 'x', 'x', 'x')"]) {
      const refusal = await databaseRefusal(tryAs("a", `select ${call}`));
      expect(refusal.message).toMatch(/^permission denied for function/);
    }
  });

  test("J03 changes and removes nothing, where it may change and remove at all", async () => {
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const table of tables) {
        for (const context of [undefined, "nobody"]) {
          for (const statement of [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`]) {
            const done = await tryAs(context, statement).then(
              ({ rowCount }) => `${rowCount} rows`,
              (error: Error) => error.message,
            );
            expect(done).toMatch(/^0 rows$|^permission denied for table/);
          }
        }
      }
    });
  });

  test("J03 inserts nothing, into every table", async () => {
    for (const table of tables) {
      const [row] = rowsOfA[table] ?? [];
      const insert = `insert into ${table} overriding system value select * from json_populate_record(null::${table}, $1)`;
      const asA = await databaseRefusal(tryAs("a", insert, [row]));
      const mayInsert = !asA.message.startsWith("permission denied for table");
      const expected = mayInsert ? /^new row violates row-level security policy/ : /^permission denied for table/;
      for (const context of [undefined, "b"]) {
        const refusal = await databaseRefusal(tryAs(context, insert, [row]));
        expect(refusal.message).toMatch(expected);
      }
      // In its own tenant's context a row gets past the policy: what stops it is that it is there already.
      expect(asA.code).toBe(mayInsert ? "23505" : "42501");
    }
  });

  test("J03 a row cannot be moved to another tenant", async () => {
    for (const table of ["users", "rooms", "participants", "messages"]) {
      const refusal = await databaseRefusal(tryAs("a", `update ${table} set tenant_id = 'b'`));
      expect(refusal.message).toMatch(/^new row violates row-level security policy/);
    }
  });

  test("J03 the context ends with its transaction, however that ends", async () => {
    for (const end of ["commit", "rollback"]) {
      await client.query("begin");
      await client.query("select set_config('sendsar.tenant_id', 'a', true)");
      expect((await client.query("select from users")).rowCount).toBe(2);
      await client.query(end);
      expect((await client.query("select from users")).rowCount).toBe(0);
    }
  });

  test("J03 an API key's row is shown to who has its hash, and only that one", async () => {
    const seen = async (hash: string) => {
      await client.query("begin");
      await client.query("select set_config('sendsar.key_hash', $1, true)", [hash]);
      const { rows } = await client.query("select tenant_id from api_keys");
      await client.query("rollback");
      return rows;
    };
    const { key_hash } = JSON.parse(rowsOfA["api_keys"]?.[0] ?? "{}") as { key_hash: string };
    expect(await seen(key_hash.slice(2))).toEqual([{ tenant_id: "a" }]);
    expect(await seen("00")).toEqual([]);
    expect(await seen("")).toEqual([]);
  });
});

describe("J02 what the gateway's login cannot do", () => {
  const refused: Readonly<Record<string, string>> = {
    "empty a table": "truncate messages",
    "rewrite the log": "update events set type = 'x'",
    "shorten the log": "delete from events",
    "turn row-level security off for a table": "alter table messages disable row level security",
    "stop forcing it": "alter table messages no force row level security",
    "add a policy": "create policy all_rows on messages using (true)",
    "drop a policy": "drop policy tenant_isolation on messages",
    "drop a table": "drop table messages",
    "make a table in the schema": "create table sendsar.mine (id int)",
    "make a table in the public schema": "create table public.messages (id int)",
    "make a schema": "create schema mine",
    "make a role": "create role mine",
    "become the provisioner": "set role sendsar_provisioner",
    "become a superuser": "set role postgres",
    "make a key":
      "insert into api_keys (tenant_id, key_id, key_hash, hint) values ('a', gen_random_uuid(), sha256('x'), 'x')",
    "change a key": "update api_keys set expires_at = null",
    "change a secret": "delete from tenant_secrets",
    "suspend a tenant": "update tenants set status = 'suspended'",
    "read a file": "select pg_read_file('postgresql.conf')",
    "run a program": "copy (select 1) to program 'true'",
    "read passwords": "select rolpassword from pg_authid",
  };
  test.for(Object.entries(refused))("J02 %s", async ([, statement]) => {
    const { code } = await databaseRefusal(tryAs("a", statement));
    // No right to it, or not the owner; a role that is not there cannot be become.
    expect(["42501", "22023"]).toContain(code);
  });

  test("J02 read past the policies by turning them off for itself", async () => {
    await client.query("begin");
    await client.query("set local row_security = off");
    const refusal = await databaseRefusal(client.query("select * from messages"));
    await client.query("rollback");
    expect(refusal.message).toMatch(/query would be affected by row-level security policy/);
  });

  test("J02 a table of the same name made for the session does not stand in for a real one", async () => {
    await client.query("create temporary table messages (id int)");
    expect((await tryAs("a", "select room_id from messages")).rowCount).toBeGreaterThan(0);
    await client.query("drop table pg_temp.messages");
  });
});
