import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CatalogRule } from "../../scripts/testing/catalog-rules.ts";
import { catalogQuery, catalogRules } from "../../scripts/testing/catalog-rules.ts";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { createBoundLogin, dropBoundLogins } from "../src/store/gateway-login.ts";

let database: TestDatabase;
let admin: pg.Client;
let login: string;
let boundLogin: string;
beforeAll(async () => {
  database = await createTestDatabase();
  login = new URL(database.gatewayUrl).username;
  admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query("insert into sendsar.tenants (tenant_id, name) values ('a', 'a')");
  boundLogin = await createBoundLogin(admin, { tenantId: "a", id: "1", password: "x".repeat(32), connectionLimit: 5 });
});
afterAll(async () => {
  await dropBoundLogins(admin, "a");
  await admin.end();
  await database[Symbol.asyncDispose]();
});

const whatBreaks = async (rule: CatalogRule): Promise<string[]> => {
  // With the login in the text, so that a rule may do without it.
  const query = catalogQuery(rule).replaceAll("$1", pg.escapeLiteral(login));
  const { rows } = await admin.query<{ broken: string }>(query);
  return rows.map(({ broken }) => broken);
};

const named = (text: string, write: (name: string) => string): string =>
  text.replaceAll(":login", write(login)).replaceAll(":bound", write(boundLogin));

/** Makes something bad, looks what breaks the rule, and unmakes it. */
const whatBreaksAfter = async (rule: CatalogRule, statements: string): Promise<string[]> => {
  await admin.query("begin");
  try {
    await admin.query("set local search_path = sendsar");
    await admin.query(named(statements, pg.escapeIdentifier));
    return await whatBreaks(rule);
  } finally {
    await admin.query("rollback");
  }
};

const myTenants = "array(select tenant_id from gateway_logins where login = session_user)";
const isBound = `coalesce(tenant_id = any (${myTenants}), false)`;
const isTenants = "tenant_id = current_setting('sendsar.tenant_id', true)";
/** A table as it should be, to spoil in one way. */
const goodTable = `
  create table extra (tenant_id text not null references tenants, extra_id uuid not null, room_id uuid,
    primary key (tenant_id, extra_id));
  alter table extra enable row level security, force row level security;
  create policy tenant_isolation on extra using (${isTenants}) with check (${isTenants});
  create policy bound_tenant on extra as restrictive to sendsar_bound_gateway using (${isBound}) with check (${isBound});
  grant select, insert, update, delete on extra to sendsar_gateway, sendsar_bound_gateway, sendsar_provisioner;`;
const withBound = (definition: string) => `${goodTable} drop policy bound_tenant on extra;
  create policy bound_tenant on extra ${definition};`;
const withPolicy = (definition: string) => `${goodTable} drop policy tenant_isolation on extra;
  create policy tenant_isolation on extra ${definition};`;

/** For each rule what must break it, each in one way: statements, and what the rule then says. */
const spoilt: Readonly<Record<CatalogRule, Readonly<Record<string, readonly [statements: string, broken: string]>>>> = {
  "every table has tenant_id, text and not null": {
    "a table without": ["create table extra (id int)", "extra"],
    "one where it may be null": ["create table extra (tenant_id text)", "extra"],
    "one of another type": ["create table extra (tenant_id uuid not null)", "extra"],
    "a partition's parent without": ["create table extra (id int) partition by list (id)", "extra"],
  },
  "every table has row-level security, enabled and forced": {
    "a new table": ["create table extra (tenant_id text not null)", "extra"],
    "one where it is not enabled": [`${goodTable} alter table extra disable row level security`, "extra"],
    "one where it is not forced": [`${goodTable} alter table extra no force row level security`, "extra"],
    "a partition, which can be read by its own name": [
      `create table parted (tenant_id text not null) partition by list (tenant_id);
       alter table parted enable row level security, force row level security;
       create table half partition of parted for values in ('a')`,
      "half",
    ],
    "an old table": ["alter table messages disable row level security", "messages"],
  },
  "every table has the policy that shows and accepts the rows of the tenant only": {
    "none at all": [`${goodTable} drop policy tenant_isolation on extra`, "extra"],
    "one that shows all": [withPolicy(`using (true) with check (${isTenants})`), "extra"],
    "one that accepts all": [withPolicy(`using (${isTenants}) with check (true)`), "extra"],
    "one without a check": [withPolicy(`using (${isTenants})`), "extra"],
    "one that only reads": [withPolicy(`for select using (${isTenants})`), "extra"],
    "one for some roles": [
      withPolicy(`to sendsar_provisioner using (${isTenants}) with check (${isTenants})`),
      "extra",
    ],
    "one that says or": [withPolicy(`using (${isTenants} or true) with check (${isTenants})`), "extra"],
  },
  "every table has the policy that binds the gateways of one tenant to its rows": {
    "a table without": [`${goodTable} drop policy bound_tenant on extra`, "extra"],
    "one where it adds up with the others": [
      withBound(`to sendsar_bound_gateway using (${isBound}) with check (${isBound})`),
      "extra",
    ],
    "one where it only reads": [
      withBound(`as restrictive for select to sendsar_bound_gateway using (${isBound})`),
      "extra",
    ],
    "one where it accepts all": [
      withBound(`as restrictive to sendsar_bound_gateway using (${isBound}) with check (true)`),
      "extra",
    ],
    "one where it believes the context": [
      withBound(`as restrictive to sendsar_bound_gateway using (${isTenants}) with check (${isTenants})`),
      "extra",
    ],
    "one from which the planner makes one equation with the other": [
      withBound(
        `as restrictive to sendsar_bound_gateway
           using (tenant_id = (select tenant_id from gateway_logins where login = session_user))
           with check (${isBound})`,
      ),
      "extra",
    ],
    "one that indexes are searched by": [
      withBound(
        `as restrictive to sendsar_bound_gateway
           using (tenant_id = any (${myTenants})) with check (tenant_id = any (${myTenants}))`,
      ),
      "extra",
    ],
    "one that is for the other gateways": [
      withBound(`as restrictive to sendsar_gateway using (${isBound}) with check (${isBound})`),
      "extra",
    ],
    "the table of logins, open to whoever is bound to the tenant": [
      `alter policy bound_tenant on gateway_logins using (${isTenants})`,
      "gateway_logins",
    ],
  },
  "there is no other policy but those that are known": {
    "one more": ["create policy more on messages using (true)", "messages.more"],
    "one more for a role": ["create policy more on rooms for select to sendsar_gateway using (true)", "rooms.more"],
    "a known one that shows more": ["alter policy presented_key on api_keys using (true)", "api_keys.presented_key"],
    "a known one for everybody": ["alter policy provisioner_lists on tenants to public", "tenants.provisioner_lists"],
    "a known one's name on another table": [
      "create policy provisioner_lists on users for select to sendsar_provisioner using (true)",
      "users.provisioner_lists",
    ],
  },
  "every table has a primary key": {
    "a table without": ["create table extra (tenant_id text not null)", "extra"],
  },
  "every primary key and every unique index begins with tenant_id": {
    "a primary key that does not": ["create table extra (id int primary key, tenant_id text not null)", "extra_pkey"],
    "a unique constraint that does not": [
      `${goodTable} alter table extra add unique (extra_id, tenant_id)`,
      "extra_extra_id_tenant_id_key",
    ],
    "a unique index that does not": [`${goodTable} create unique index extra_u on extra (extra_id)`, "extra_u"],
    "a unique index on an expression": [
      `${goodTable} create unique index extra_u on extra (lower(tenant_id))`,
      "extra_u",
    ],
  },
  "every foreign key begins with tenant_id, on both sides": {
    "one without": [
      `alter table rooms add constraint lone unique (room_id); ${goodTable}
       alter table extra add constraint extra_f foreign key (room_id) references rooms (room_id)`,
      "extra_f",
    ],
    "one that compares it with something else": [
      `alter table users add constraint swapped unique (user_id, tenant_id); ${goodTable}
       alter table extra add column name text,
         add constraint extra_f foreign key (tenant_id, name) references users (user_id, tenant_id)`,
      "extra_f",
    ],
  },
  "there is no exclusion constraint, which would let tenants feel each other": {
    one: [`${goodTable} alter table extra add constraint x exclude using btree (extra_id with =)`, "x"],
  },
  "every view works with the rights of who asks": {
    "a view of its owner": ["create view extra as select * from messages", "extra"],
    "one that says no": ["create view extra with (security_invoker = false) as select 1", "extra"],
  },
  "there are no materialized views and no foreign tables": {
    "a materialized view": ["create materialized view extra as select * from messages", "extra"],
  },
  "there is no security definer function": {
    "one in the schema": [
      "create function extra() returns int language sql security definer set search_path = sendsar return 1",
      "extra()",
    ],
    "one elsewhere": [
      "create function public.extra() returns int language sql security definer return 1",
      "public.extra()",
    ],
  },
  "who serves has no special right on the server": {
    superuser: ["alter role :login superuser", ":login"],
    bypassrls: ["alter role :login bypassrls", ":login"],
    createrole: ["alter role :login createrole", ":login"],
    createdb: ["alter role :login createdb", ":login"],
    replication: ["alter role :login replication", ":login"],
  },
  "who serves is a member of nothing but sendsar_gateway, or of nothing but sendsar_bound_gateway": {
    "a bound login that could take its bounds off": ["grant sendsar_gateway to :bound", ":bound in sendsar_gateway"],
    "the bound role itself": [
      "grant sendsar_gateway to sendsar_bound_gateway",
      "sendsar_bound_gateway in sendsar_gateway",
    ],
    "the gateway's login of one tenant": ["grant sendsar_bound_gateway to :login", ":login in sendsar_bound_gateway"],
    "of the owner": ["create role owner; grant owner to :login", ":login in owner"],
    "of the other role": ["grant sendsar_provisioner to :login", ":login in sendsar_provisioner"],
    "the role itself of another": ["create role owner; grant owner to sendsar_gateway", "sendsar_gateway in owner"],
    "with the right to let others in": [
      "grant sendsar_gateway to :login with admin option",
      ":login in sendsar_gateway",
    ],
  },
  "the gateways of one tenant have the rights of the others, and read which login they have": {
    "one less": ["revoke insert on messages from sendsar_bound_gateway", "messages: insert"],
    "one less of a column": [
      "revoke update (settings) on tenants from sendsar_bound_gateway",
      "tenants.settings: update",
    ],
    "one more": ["grant select on tenant_bindings to sendsar_bound_gateway", "tenant_bindings: select"],
    "one more of a column": [
      "grant select (password_hash) on gateway_logins to sendsar_bound_gateway",
      "gateway_logins.password_hash: select",
    ],
    "a table that only the others may use": [
      `${goodTable} revoke all on extra from sendsar_bound_gateway`,
      "extra: delete",
    ],
  },
  "who serves owns nothing": {
    "a table": ["create table extra (id int); alter table extra owner to :login", ":login owns pg_class"],
    "a function": [
      "create function extra() returns int language sql return 1; alter function extra() owner to sendsar_gateway",
      "sendsar_gateway owns pg_proc",
    ],
    "a schema": ["create schema extra authorization sendsar_provisioner", "sendsar_provisioner owns pg_namespace"],
  },
  "who serves may read and write rows, and nobody else may do anything": {
    truncate: ["grant truncate on messages to sendsar_gateway", "messages: sendsar_gateway truncate"],
    "a right of everybody": ["grant select on messages to public", "messages: - select"],
    "a right of another role": ["create role stray; grant select on users to stray", "users: stray select"],
    "a right to hand on": [
      "grant select on users to sendsar_gateway with grant option",
      "users: sendsar_gateway select",
    ],
    "a right on a view": [
      "create view extra with (security_invoker) as select 1; grant select on extra to public",
      "extra: - select",
    ],
    triggers: ["grant trigger on rooms to sendsar_provisioner", "rooms: sendsar_provisioner trigger"],
  },
  "who serves creates nothing in any schema": {
    "in ours": ["grant create on schema sendsar to sendsar_gateway", `sendsar: sendsar_gateway`],
    "in the public one": ["grant create on schema public to public", "public: sendsar_gateway"],
  },
  "a gateway changes neither credentials nor what a tenant is": {
    "a new key": ["grant insert on api_keys to sendsar_gateway", "api_keys: insert"],
    "a secret": ["grant update on tenant_secrets to sendsar_gateway", "tenant_secrets: update"],
    "a tenant's status": ["grant update (status) on tenants to sendsar_gateway", "tenants.status"],
    "what is managed": ["grant update (managed_settings) on tenants to sendsar_gateway", "tenants.managed_settings"],
    "a tenant's bounds": ["grant update (quotas) on tenants to sendsar_gateway", "tenants.quotas"],
    "a tenant": ["grant delete on tenants to sendsar_gateway", "tenants: delete"],
    "the list of migrations": ["grant update on migrations to public", "migrations: update"],
  },
  "the log of events only ever grows": {
    update: ["grant update on events to sendsar_gateway", "update"],
    "update of one column": ["grant update (data) on events to sendsar_gateway", "data"],
    delete: ["grant delete on events to sendsar_gateway", "delete"],
  },
};

describe.for(Object.keys(catalogRules) as CatalogRule[])("J01 J02 J06 J07 %s", (rule) => {
  test("J01 holds for the whole schema", async () => {
    expect(await whatBreaks(rule)).toEqual([]);
  });

  test.for(Object.entries(spoilt[rule]))("J01 notices %s", async ([, [statements, broken]]) => {
    const found = await whatBreaksAfter(rule, statements);
    const expected = named(broken, String);
    expect(found.some((one) => one === expected || one.startsWith(`${expected} `))).toBe(true);
    expect(await whatBreaks(rule)).toEqual([]);
  });
});

test("J01 a new table made as it should be breaks no rule", async () => {
  for (const rule of Object.keys(catalogRules) as CatalogRule[]) {
    expect(await whatBreaksAfter(rule, goodTable), rule).toEqual([]);
  }
});
