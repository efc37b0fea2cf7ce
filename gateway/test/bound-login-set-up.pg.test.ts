import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { databaseRefusal } from "../../scripts/testing/tenant-context.ts";
import { runOn, urlOfDatabase } from "../../scripts/testing/test-server.ts";
import type { BoundLogin } from "../src/store/gateway-login.ts";
import { createBoundLogin, dropBoundLogins, listBoundLogins, urlOfLogin } from "../src/store/gateway-login.ts";
import { toScramVerifier } from "../src/store/scram.ts";

let database: TestDatabase;
let admin: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query("insert into sendsar.tenants (tenant_id, name) values ('a', 'a'), ('b', 'b')");
});
afterAll(async () => {
  await admin.end();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => async () => {
  for (const tenantId of ["a", "b"]) await dropBoundLogins(admin, tenantId);
});

const password = randomBytes(24).toString("base64url");
const loginOf = (tenantId: string, more: Partial<BoundLogin> = {}): BoundLogin => ({
  tenantId,
  id: "1",
  password,
  connectionLimit: 5,
  ...more,
});
const urlOf = (login: string, ofPassword = password) => urlOfLogin(database.adminUrl, { login, password: ofPassword });
const tenantsSeenBy = (url: string) =>
  runOn<{ tenant_id: string }>(url, "set sendsar.tenant_id = 'a'", "select tenant_id from sendsar.tenants");
/** The versions of all that a login is made of. */
const stateOf = async (login: string) => {
  const { rows } = await admin.query(
    `select r.xmin::text, r.rolpassword, r.rolconnlimit, l.xmin::text as row, array_agg(m.xmin::text) as memberships
     from pg_authid r join sendsar.gateway_logins l on l.login = r.rolname join pg_auth_members m on m.member = r.oid
     where r.rolname = $1 group by 1, 2, 3, 4`,
    [login],
  );
  expect(rows).toHaveLength(1);
  return rows[0];
};

describe("createBoundLogin", () => {
  test("§6 makes a login that is bound, limited, and a member of nothing else; names neither database nor tenant", async () => {
    const login = await createBoundLogin(admin, loginOf("a"));
    expect(login).toMatch(/^sendsar_t_[0-9a-f]{16}_1$/);
    expect(await tenantsSeenBy(urlOf(login))).toEqual([{ tenant_id: "a" }]);
    const [settings] = await runOn(
      urlOf(login),
      `select current_setting('search_path') as path, current_setting('statement_timeout') as statement,
         current_setting('lock_timeout') as lock, (select array_agg(tenant_id) from sendsar.gateway_logins) as bound,
         (select array_agg(rolname::text) from pg_roles where pg_has_role(session_user, oid, 'member')) as roles`,
    );
    expect(settings).toEqual({
      path: "sendsar, pg_temp",
      statement: "5s",
      lock: "2s",
      bound: ["a"],
      roles: expect.arrayContaining([login, "sendsar_bound_gateway"]),
    });
    expect(settings?.["roles"]).toHaveLength(2);
  });

  test("may be repeated: nothing is written, from inside a transaction that is taken back neither", async () => {
    const login = await createBoundLogin(admin, loginOf("a"));
    const before = await stateOf(login);
    expect(await createBoundLogin(admin, loginOf("a"))).toBe(login);
    expect(await stateOf(login)).toEqual(before);
    await admin.query("begin");
    await createBoundLogin(admin, loginOf("a", { id: "2" }));
    await admin.query("rollback");
    expect(await listBoundLogins(admin, "a")).toEqual([login]);
  });

  test("puts a new password and a new limit in force", async () => {
    const login = await createBoundLogin(admin, loginOf("a"));
    await createBoundLogin(admin, loginOf("a", { password: "another", connectionLimit: 1 }));
    expect((await databaseRefusal(tenantsSeenBy(urlOf(login)))).code).toBe("28P01");
    const only = new pg.Client({ connectionString: urlOf(login, "another") });
    await only.connect();
    expect((await databaseRefusal(tenantsSeenBy(urlOf(login, "another")))).code).toBe("53300");
    await only.end();
  });

  test("two at once make one", async () => {
    const others = [0, 1, 2].map(() => new pg.Client({ connectionString: database.adminUrl }));
    await Promise.all(others.map((client) => client.connect()));
    const logins = await Promise.all(others.map((client) => createBoundLogin(client, loginOf("b", { id: "same" }))));
    await Promise.all(others.map((client) => client.end()));
    expect(new Set(logins).size).toBe(1);
    expect(await tenantsSeenBy(urlOf(logins[0] ?? ""))).toEqual([]);
  });

  test("refuses a tenant that is not there, an id that is none, and no limit", async () => {
    await expect(createBoundLogin(admin, loginOf("nobody"))).rejects.toThrow(/foreign key/);
    for (const id of ["", "A", "a b", "x".repeat(37), "a'b"]) {
      await expect(createBoundLogin(admin, loginOf("a", { id }))).rejects.toThrow(/its id must be/);
    }
    await expect(createBoundLogin(admin, loginOf("a", { connectionLimit: 0 }))).rejects.toThrow(/connection limit/);
    expect(await listBoundLogins(admin, "nobody")).toEqual([]);
  });

  test("J15 elsewhere on the server the login is bound to nothing, and sees nothing", async () => {
    const login = await createBoundLogin(admin, loginOf("a"));
    await using other = await createTestDatabase();
    await runOn(other.adminUrl, "insert into sendsar.tenants (tenant_id, name) values ('a', 'theirs')");
    expect(await tenantsSeenBy(urlOfDatabase(urlOf(login), other.name))).toEqual([]);
  });

  test("the password is in no statement: what the server is given verifies it and does not tell it", async () => {
    // RFC 7677, section 3.
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    expect(toScramVerifier("pencil", salt)).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
    const login = await createBoundLogin(admin, loginOf("a"));
    expect((await stateOf(login)).rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  });
});

describe("dropBoundLogins", () => {
  test("ends the sessions of those that go, and leaves the one to keep, and other tenants, alone", async () => {
    const [old, kept] = [
      await createBoundLogin(admin, loginOf("a")),
      await createBoundLogin(admin, loginOf("a", { id: "2" })),
    ];
    const ofB = await createBoundLogin(admin, loginOf("b"));
    const clients = [old, kept, ofB].map((login) => new pg.Client({ connectionString: urlOf(login) }));
    const ended: unknown[] = [];
    for (const [index, client] of clients.entries()) client.on("error", () => ended.push(index));
    await Promise.all(clients.map((client) => client.connect()));
    // What it made does not stand in the way.
    await clients[0]?.query("create temporary table mine (id int); select lo_create(0)");
    expect(await dropBoundLogins(admin, "a", "2")).toEqual([old]);
    await expect.poll(() => ended).toContain(0);
    expect(new Set(ended)).toEqual(new Set([0]));
    expect((await databaseRefusal(tenantsSeenBy(urlOf(old)))).code).toBe("28P01");
    expect(await listBoundLogins(admin, "a")).toEqual([kept]);
    expect(await tenantsSeenBy(urlOf(kept))).toEqual([{ tenant_id: "a" }]);
    await Promise.all(clients.slice(1).map((client) => client.end()));
    expect(await dropBoundLogins(admin, "a", "2")).toEqual([]);
  });

  test("finds a login whose tenant is gone with its row", async () => {
    await admin.query("insert into sendsar.tenants (tenant_id, name) values ('gone', 'gone')");
    const login = await createBoundLogin(admin, loginOf("gone"));
    await admin.query("delete from sendsar.tenants where tenant_id = 'gone'");
    expect(await dropBoundLogins(admin, "gone")).toEqual([login]);
  });
});
