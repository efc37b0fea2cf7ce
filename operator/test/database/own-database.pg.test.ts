import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toOwnDatabaseName } from "../../../gateway/src/store/own-database.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { readTenantRows } from "../../../scripts/testing/tenant-rows.ts";
import { FencedOff, Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { BoundTenant, TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newKey, newLogin, newOwner, newTenantId, startTestRegistries } from "./test-registries.ts";

// operator.md §2.4: a tenant with a database of its own. Two of them are made once: each costs a migration.

let it: TestRegistries;
let a: BoundTenant;
let b: BoundTenant;
beforeAll(async () => {
  it = await startTestRegistries();
  [a, b] = await Promise.all([
    bindTestTenant(it.registries, { isolation: "Database" }),
    bindTestTenant(it.registries, { isolation: "Database" }),
  ]);
});
afterAll(() => it[Symbol.asyncDispose]());

const adminUrlOf = (databaseUrl: string): string => {
  const url = new URL(it.database.adminUrl);
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
};

const login = async ({ registry, tenantId }: BoundTenant): Promise<string> =>
  (await registry.ensureGatewayLogin(tenantId, newLogin())).databaseUrl;

const databaseExists = async (name: string): Promise<boolean> =>
  (await runOn(it.database.adminUrl, `select from pg_database where datname = ${pg.escapeLiteral(name)}`)).length === 1;

describe("§2.4 a database of its own", () => {
  test("§2.4 has the tenant's rows, the shared one has the binding only, and find tells both", async () => {
    const ownUrl = adminUrlOf(await login(a));
    expect(await a.find()).toMatchObject({
      tenantId: a.tenantId,
      owner: a.owner,
      apiKeys: [{ id: a.key.id }],
      webhookSecrets: [{ id: a.webhook.id }],
      sessionKeys: [{ id: a.sessionKeyId }],
    });
    const [own, shared] = [
      await readTenantRows(ownUrl, a.tenantId),
      await readTenantRows(it.database.adminUrl, a.tenantId),
    ];
    expect([own["tenants"]?.length, own["api_keys"]?.length, own["tenant_bindings"]?.length]).toEqual([1, 1, 0]);
    expect([shared["tenants"]?.length, shared["api_keys"]?.length, shared["tenant_bindings"]?.length]).toEqual([
      0, 0, 1,
    ]);
  });

  test("§2.4 repeated calls write nothing, there either", async () => {
    const ownUrl = adminUrlOf(await login(a));
    const again = newLogin();
    await a.registry.ensureGatewayLogin(a.tenantId, again);
    await requireNothingWritten(it.database.adminUrl, () =>
      requireNothingWritten(ownUrl, async () => {
        await a.registry.claim({ tenantId: a.tenantId, name: "Acme", owner: a.owner });
        await a.registry.addApiKey(a.tenantId, a.key);
        await a.registry.addWebhookSecret(a.tenantId, a.webhook);
        await a.registry.addSessionKey(a.tenantId, a.sessionKeyId);
        await a.registry.expireOthers(a.tenantId, "apiKey", a.key.id, 0);
        await a.registry.removeExpired(a.tenantId);
        await a.registry.setManagedSettings(a.tenantId, {});
        await a.registry.setQuotas(a.tenantId, {});
        await a.registry.setSuspended(a.tenantId, false);
        await a.registry.ensureGatewayLogin(a.tenantId, again);
      }),
    );
  });

  test("E16 no other tenant's login gets in, nor that of the shared gateways; its own does", async () => {
    const [urlOfA, urlOfB] = [await login(a), await login(b)];
    const into = (url: string, databaseUrl: string): string => {
      const other = new URL(url);
      other.pathname = new URL(databaseUrl).pathname;
      return other.href;
    };
    expect(await runOn(urlOfA, "select tenant_id from tenants")).toEqual([]);
    for (const url of [into(urlOfB, urlOfA), into(urlOfA, urlOfB), into(it.database.gatewayUrl, urlOfA)]) {
      const refused = runOn(url, "select 1");
      await expect(refused).rejects.toMatchObject({ code: "42501" });
      await expect(refused).rejects.toThrow(/^permission denied for database/);
    }
  });

  test("E16 a NOTIFY of one is heard in its own database and in no other", async () => {
    const urls = [await login(a), await login(b), it.database.gatewayUrl];
    const heard: string[] = [];
    const clients = await Promise.all(
      urls.map(async (url, n) => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        client.on("notification", ({ payload }) => void heard.push(`${n}: ${payload}`));
        await client.query('listen "socket.io#/"');
        return client;
      }),
    );
    try {
      await clients[0]?.query("select pg_notify('socket.io#/', 'of a')");
      // Notifications come with the answer to the next query at the latest.
      for (const client of clients) await client.query("select 1");
      expect(heard).toEqual(["0: of a"]);
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });

  test("§2.4 the isolation of a tenant is what it was made with", async () => {
    const shared = await it.registries.open(a.tenantId, "Shared", { fence: 1 });
    await expect(shared.claim({ tenantId: a.tenantId, name: "Acme", owner: a.owner })).rejects.toThrow(
      `unable to bind tenant ${a.tenantId}; it has a database of its own, the isolation must be Database`,
    );
    const other = await bindTestTenant(it.registries);
    const own = await it.registries.open(other.tenantId, "Database", { fence: 1 });
    await expect(own.claim({ tenantId: other.tenantId, name: "Acme", owner: other.owner })).rejects.toThrow(
      `unable to bind tenant ${other.tenantId}; it is in the shared database, the isolation must be Shared`,
    );
    // Reading finds it all the same.
    expect(await shared.find(a.tenantId)).toMatchObject({ apiKeys: [{ id: a.key.id }] });
  });

  test("§2.3 a loser makes no database and changes nothing in the winner's", async () => {
    const ownUrl = adminUrlOf(await login(a));
    const registry = await it.others.open(a.tenantId, "Database", { fence: 1 });
    await requireNothingWritten(ownUrl, async () => {
      const claim = await registry.claim({ tenantId: a.tenantId, name: "Mine", owner: newOwner("loser"), adopt: true });
      expect(claim).toMatchObject({ claimed: false, heldBy: { name: a.owner.name } });
      await expect(registry.delete(a.tenantId, newOwner("loser"))).rejects.toThrow(Refused);
      await expect(registry.retain(a.tenantId, newOwner("loser"))).rejects.toThrow(Refused);
      await it.others.drop(a.tenantId, { fence: 1 });
    });
    // Other tests make databases on this server meanwhile: only those with this tenant in their names count.
    const made = await runOn(
      it.database.adminUrl,
      `select datname from pg_database where datname like 'sendsar_${a.tenantId.slice(0, 30)}%'`,
    );
    const shared = new URL(it.database.adminUrl).pathname.slice(1);
    expect(made).toEqual([{ datname: toOwnDatabaseName(shared, a.tenantId) }]);
  });
});

describe("§2.6 the end of a database of its own", () => {
  test("§2.6 retained it stays, its keys end, and who takes it up finds all of it; then it is dropped, with logins and binding", async () => {
    const { tenantId, registry, owner, key } = b;
    const url = await login(b);
    const [ownUrl, name] = [adminUrlOf(url), new URL(url).pathname.slice(1)];
    await runOn(
      ownUrl,
      `insert into sendsar.users (tenant_id, user_id, username, created_at, updated_at)
       values ('${tenantId}', 'ann', 'Ann', now(), now())`,
    );
    const people = () => runOn(ownUrl, "select * from sendsar.users");
    const before = await people();
    await registry.removeOtherLogins(tenantId, undefined);
    await expect(runOn(url, "select 1")).rejects.toThrow(/password authentication failed|does not exist/);
    await registry.retain(tenantId, owner);
    expect(await b.find()).toMatchObject({ status: "suspended", retainedAt: expect.any(String) });
    const other = newOwner("other");
    const theirs = await it.registries.open(tenantId, "Database", { fence: 1 });
    expect(await theirs.claim({ tenantId, name: "B", owner: other })).toMatchObject({ claimed: false, retained: true });
    expect(await theirs.claim({ tenantId, name: "B", owner: other, adopt: true })).toMatchObject({
      claimed: true,
      record: { apiKeys: [{ id: key.id, expiresAt: expect.any(String) }] },
    });
    expect(await people()).toEqual(before);
    await theirs.addApiKey(tenantId, newKey());

    const another = await theirs.ensureGatewayLogin(tenantId, newLogin());
    const session = new pg.Client({ connectionString: another.databaseUrl });
    const ended = new Promise<unknown>((resolve) => session.on("error", resolve));
    await session.connect();
    await expect(theirs.delete(tenantId, owner)).rejects.toThrow(Refused);
    await theirs.delete(tenantId, other);
    expect(await ended).toMatchObject({ code: "57P01" });
    expect(await databaseExists(name)).toBe(false);
    const role = new URL(another.databaseUrl).username;
    expect(await runOn(it.database.adminUrl, `select from pg_roles where rolname = '${role}'`)).toEqual([]);
    expect(await theirs.find(tenantId)).toBeUndefined();
    expect((await readTenantRows(it.database.adminUrl, tenantId))["tenant_bindings"]).toEqual([]);
    // And again, whatever of it.
    await theirs.delete(tenantId, other);
    await theirs.retain(tenantId, other);
    await theirs.removeOtherLogins(tenantId, undefined);
    await it.registries.drop(tenantId, { fence: 1 });
  });

  test("§2.4 what broke off on the way is finished: a binding without a database, one that is still open, one that nobody has", async () => {
    const [tenantId, owner] = [newTenantId(), newOwner()];
    const registry = await it.registries.open(tenantId, "Database", { fence: 1 });
    await registry.claim({ tenantId, name: "Acme", owner });
    const { databaseUrl } = await registry.ensureGatewayLogin(tenantId, newLogin());
    const name = new URL(databaseUrl).pathname.slice(1);
    // Dropped, and the binding is still there: nothing is found, the end can be repeated, and so can the beginning.
    await registry.removeOtherLogins(tenantId, undefined);
    await runOn(it.database.adminUrl, `drop database "${name}" with (force)`);
    const fresh = await it.others.open(tenantId, "Database", { fence: 1 });
    expect(await fresh.find(tenantId)).toBeUndefined();
    await fresh.removeOtherLogins(tenantId, undefined);
    await fresh.retain(tenantId, owner);
    // Made, and not closed yet.
    await runOn(it.database.adminUrl, `create database "${name}"`);
    expect(await fresh.claim({ tenantId, name: "Acme", owner })).toMatchObject({
      claimed: true,
      record: { apiKeys: [] },
    });
    const [row] = await runOn<{ open: boolean }>(
      it.database.adminUrl,
      `select has_database_privilege('public', '${name}', 'connect') as open`,
    );
    expect(row).toEqual({ open: false });
    // The binding is gone, and the database is still there.
    await runOn(it.database.adminUrl, `delete from sendsar.tenant_bindings where tenant_id = '${tenantId}'`);
    await it.others.drop(tenantId, { fence: 1 });
    expect(await databaseExists(name)).toBe(false);
  });
});

describe("§2.4 many at once", () => {
  test("§2.4 more databases are dropped at once than guards can be held at once", async () => {
    const tenantIds = Array.from({ length: 8 }, newTenantId);
    const names = tenantIds.map((tenantId) => toOwnDatabaseName(it.database.name, tenantId));
    for (const name of names) await runOn(it.database.adminUrl, `create database "${name}"`);
    await Promise.all(tenantIds.map((tenantId) => it.registries.drop(tenantId, { fence: 1 })));
    expect(await Promise.all(names.map(databaseExists))).toEqual(names.map(() => false));
    for (const tenantId of tenantIds) {
      expect((await readTenantRows(it.database.adminUrl, tenantId))["tenant_bindings"]).toEqual([]);
    }
  });
});

describe("§2.3 the fence over databases of their own", () => {
  test("§2.3 after a write under a higher number in the shared database, a lower one changes nothing in any", async () => {
    const ownUrl = adminUrlOf(await login(a));
    await bindTestTenant(it.others, { fence: 2 });
    const old = await it.registries.open(a.tenantId, "Database", { fence: 1 });
    await requireNothingWritten(ownUrl, async () => {
      for (const write of [
        () => old.addApiKey(a.tenantId, newKey()),
        () => old.addSessionKey(a.tenantId, randomUUID()),
        () => old.setQuotas(a.tenantId, { storageBytes: 5 }),
        () => old.ensureGatewayLogin(a.tenantId, newLogin()),
        () => old.removeOtherLogins(a.tenantId, undefined),
        () => old.retain(a.tenantId, a.owner),
        () => old.delete(a.tenantId, a.owner),
        () => old.claim({ tenantId: a.tenantId, name: "Another", owner: a.owner }),
      ]) {
        await expect(write()).rejects.toThrow(FencedOff);
      }
    });
    expect(await databaseExists(new URL(ownUrl).pathname.slice(1))).toBe(true);
  });
});
