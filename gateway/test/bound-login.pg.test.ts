import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import { createTestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { plantTenant } from "../../scripts/testing/plant-tenant.ts";
import { databaseRefusal } from "../../scripts/testing/tenant-context.ts";
import type { TenantRows } from "../../scripts/testing/tenant-rows.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { hashApiKey } from "../src/auth/api-key.ts";

/*
 * A dedicated gateway that somebody has taken over: they have its login, and send whatever statements they like. All that the
 * database gives them is what it gave the gateway: the one tenant's rows.
 */
let gateway: TestGateway;
let login: TestBoundLogin;
let loginOfB: TestBoundLogin;
let rowsOfA: TenantRows;
let tables: readonly string[];
let taken: pg.Client;
let shared: pg.Client;
beforeAll(async () => {
  gateway = await startTestGateway();
  await plantTenant(gateway, gateway.a);
  await plantTenant(gateway, gateway.b);
  login = await createTestBoundLogin(gateway, "a");
  loginOfB = await createTestBoundLogin(gateway, "b");
  rowsOfA = await readTenantRows(gateway.database.adminUrl, "a");
  tables = Object.keys(rowsOfA).filter((table) => !forNobody.includes(table));
  taken = new pg.Client({ connectionString: login.databaseUrl });
  shared = new pg.Client({ connectionString: gateway.database.gatewayUrl });
  await Promise.all([taken.connect(), shared.connect()]);
});
afterAll(async () => {
  await Promise.all([taken.end(), shared.end()]);
  await login[Symbol.asyncDispose]();
  await loginOfB[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** Only operators have to do with these. */
const forNobody = ["tenant_bindings", "operator_fence"];
const contexts = ["a", "b", "*", "", "nobody", "%", "b' or true --"];

/** Runs statements one after the other and takes back what they did. Answers the last one's rows. */
const attempt = async (client: pg.Client, ...statements: string[]): Promise<Record<string, unknown>[]> => {
  await client.query("begin");
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.query("rollback");
  }
};
const setContext = (tenantId: string, keyHash = ""): string =>
  `select set_config('sendsar.tenant_id', ${pg.escapeLiteral(tenantId)}, true), set_config('sendsar.key_hash', '${keyHash}', true)`;
const tenantsIn = (rows: readonly Record<string, unknown>[]): string[] => [
  ...new Set(rows.map(({ tenant_id: tenantId }) => String(tenantId))),
];
const own = (table: string) => (table === "gateway_logins" ? "tenant_id, login" : "*");

describe("J15 reading", () => {
  test("J15 in the context of its tenant it is all there, of every table", async () => {
    for (const table of tables.filter((name) => name !== "gateway_logins")) {
      const rows = await attempt(taken, setContext("a"), `select to_jsonb(t)::text as row from ${table} t order by 1`);
      expect(rows.map(({ row }) => row)).toEqual(rowsOfA[table]);
    }
  });

  test("J15 in any other context, and with any key's hash, there is nobody else's row, of any table", async () => {
    const hashes = [gateway.a, gateway.b].map(({ apiKey }) => hashApiKey(apiKey).toString("hex"));
    for (const table of tables) {
      for (const context of contexts) {
        for (const hash of ["", ...hashes]) {
          const rows = await attempt(taken, setContext(context, hash), `select ${own(table)} from ${table}`);
          expect(tenantsIn(rows).filter((tenantId) => tenantId !== "a")).toEqual([]);
        }
      }
    }
    for (const table of forNobody) {
      expect((await databaseRefusal(attempt(taken, `select * from ${table}`))).message).toMatch(/^permission denied/);
    }
  });

  test("J15 nor for a statement that changes its context on its way, however it is planned", async () => {
    const change = "set_config('sendsar.tenant_id', 'b', true)";
    const plans = ["", "set local enable_indexscan = off; set local enable_indexonlyscan = off;"];
    const statements = (table: string) => [
      `select tenant_id, ${change} from ${table}`,
      `select tenant_id from ${table} where ${change} = 'b' or true`,
      `select t.tenant_id from (select ${change}) c, lateral (select tenant_id from ${table}) t`,
      `select t.tenant_id from ${table} first, ${table} t, lateral (select ${change}) c`,
      `with c as materialized (select ${change}) select t.tenant_id from ${table} t, c`,
    ];
    let seenByOthers = 0;
    for (const table of tables) {
      for (const statement of statements(table)) {
        for (const plan of plans) {
          const setUp = `${plan} set local enable_bitmapscan = off; set local sendsar.tenant_id = 'a'`;
          const seen = tenantsIn(await attempt(taken, setUp, statement));
          expect([statement, seen.filter((tenantId) => tenantId !== "a")]).toEqual([statement, []]);
          if (table === "gateway_logins") continue;
          seenByOthers += tenantsIn(await attempt(shared, setUp, statement)).includes("b") ? 1 : 0;
        }
      }
    }
    // They are no idle threats: a gateway of all tenants gets to see the other tenant by many of them.
    expect(seenByOthers).toBeGreaterThan(tables.length);
  });

  test("J15 nor by statistics, plans of others, or what others are doing", async () => {
    expect(await attempt(taken, "select * from pg_stats where schemaname = 'sendsar'")).toEqual([]);
    const others = await attempt(
      taken,
      "select query from pg_stat_activity where datname = current_database() and usename <> session_user",
    );
    expect(new Set(others.map(({ query }) => query))).toEqual(new Set(["<insufficient privilege>"]));
    expect(tenantsIn(await attempt(taken, "select tenant_id from gateway_logins"))).toEqual(["a"]);
    for (const statement of [
      "select password_hash from gateway_logins",
      "select pg_read_file('postgresql.conf')",
      "copy messages to '/tmp/messages'",
      "select rolpassword from pg_authid",
      "select * from pg_statistic",
    ]) {
      expect((await databaseRefusal(attempt(taken, statement))).code, statement).toBe("42501");
    }
  });
});

test("J15 writing: nothing of another tenant changes, appears or goes, in any context", async () => {
  const rowsOfB = await readTenantRows(gateway.database.adminUrl, "b");
  await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
    for (const table of [...tables, ...forNobody]) {
      const [row] = rowsOfB[table] ?? [];
      for (const context of contexts) {
        for (const [statement, values] of [
          [`update ${table} set tenant_id = tenant_id where tenant_id = 'b'`, []],
          [`update ${table} set tenant_id = 'b' where tenant_id = 'a'`, []],
          [`delete from ${table} where tenant_id <> 'a'`, []],
          [
            `insert into ${table} overriding system value select * from json_populate_record(null::${table}, $1)`,
            [row],
          ],
        ] as const) {
          if (values[0] === undefined && values.length > 0) continue;
          await taken.query("begin");
          await taken.query(setContext(context));
          const done = await taken.query(statement, [...values]).then(
            ({ rowCount }) => `${rowCount} rows`,
            (error: Error) => error.message,
          );
          await taken.query("rollback");
          expect([statement, done]).toEqual([
            statement,
            expect.stringMatching(/^0 rows$|^permission denied for|^new row violates row-level security policy/),
          ]);
        }
      }
    }
  });
});

describe("J15 becoming somebody else", () => {
  const isStillBound = async (...before: string[]): Promise<void> => {
    for (const table of ["messages", "api_keys", "events"]) {
      for (const context of contexts) {
        const rows = await attempt(taken, ...before, setContext(context), `select * from sendsar.${table}`);
        expect(tenantsIn(rows).filter((tenantId) => tenantId !== "a")).toEqual([]);
      }
    }
  };

  test("J15 no role is to be had, and the one that is changes nothing", async () => {
    const ofB = pg.escapeIdentifier(new URL(loginOfB.databaseUrl).username);
    const ofAll = pg.escapeIdentifier(new URL(gateway.database.gatewayUrl).username);
    const owner = pg.escapeIdentifier(new URL(gateway.database.adminUrl).username);
    const me = pg.escapeIdentifier(new URL(login.databaseUrl).username);
    for (const role of [ofB, ofAll, owner, "sendsar_gateway", "sendsar_provisioner", "pg_read_all_data"]) {
      for (const statement of [
        `set role ${role}`,
        `set session authorization ${role}`,
        `grant ${role} to ${me}`,
        `alter role ${role} password 'x'`,
        `alter role ${role} set sendsar.tenant_id = 'b'`,
      ]) {
        expect((await databaseRefusal(attempt(taken, statement))).code, statement).toMatch(/^42501$|^42939$/);
      }
    }
    for (const statement of [
      `alter role ${me} bypassrls`,
      `alter role ${me} superuser`,
      `alter role ${me} set sendsar.tenant_id = 'b'`,
      "alter table messages disable row level security",
      "drop policy bound_tenant on messages",
      "create policy mine on messages using (true)",
      "create table sendsar.mine (id int)",
      "insert into gateway_logins (tenant_id, login, password_hash) values ('b', session_user, sha256('x'))",
      "update gateway_logins set tenant_id = 'b'",
      "select pg_terminate_backend(pid) from pg_stat_activity where usename <> session_user and datname = current_database()",
    ]) {
      expect((await databaseRefusal(attempt(taken, statement))).code, statement).toBe("42501");
    }
    await isStillBound("set local role sendsar_bound_gateway");
    await isStillBound("set local row_security = on", `alter role ${me} set search_path = public`);
    expect((await databaseRefusal(attempt(taken, "set row_security = off", "select * from messages"))).code).toBe(
      "42501",
    );
  });

  test("J15 names of its own do not stand in for those of the policies", async () => {
    await isStillBound(
      "create temporary table gateway_logins (tenant_id text, login name)",
      "insert into pg_temp.gateway_logins values ('b', session_user), ('a', session_user)",
      "create function pg_temp.always(text, text) returns boolean language sql immutable return true",
      "create operator pg_temp.= (function = pg_temp.always, leftarg = text, rightarg = text)",
      "set local search_path = pg_temp, sendsar, pg_catalog",
    );
  });

  test("J06 a function of its own that tells what it sees is not shown a row before the policies were", async () => {
    const rows = await attempt(
      taken,
      "create temporary table told (tenant_id text) on commit drop",
      `create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001 as
         $$ begin insert into told values ($1); return true; end $$`,
      setContext("a"),
      "select from messages where pg_temp.tell(tenant_id)",
      "select from users where pg_temp.tell(tenant_id)",
      "select * from told",
    );
    expect(tenantsIn(rows)).toEqual(["a"]);
  });
});
