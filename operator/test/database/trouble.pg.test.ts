import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate, newestMigration } from "../../../gateway/src/store/migrate.ts";
import { createEmptyDatabase } from "../../../scripts/testing/empty-database.ts";
import { openTcpSwitch } from "../../../scripts/testing/tcp-switch.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { openRegistries } from "../../src/database/open-registries.ts";
import { DatabaseUnavailable, PrivilegeMissing } from "../../src/database/tenant-registry.ts";
import type { TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newKey, newLogin, newOwner, newTenantId, startTestRegistries } from "./test-registries.ts";

// What is wrong with the database is told apart from what is wrong with the Tenant: only the first is tried again.

let it: TestRegistries;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

const openAs = (adminDatabaseUrl: string) =>
  openRegistries({ adminDatabaseUrl, masterKey: it.masterKey, onConnectionError: () => undefined });

describe("§2.6 the database is away", () => {
  test("§2.6 every call says so and does nothing; when it is back they go on", async () => {
    const direct = new URL(it.database.adminUrl);
    await using tcp = await openTcpSwitch([Number(direct.port)]);
    const through = new URL(direct);
    through.port = String(tcp.port);
    await using registries = openAs(through.href);
    const { tenantId, registry, owner, find } = await bindTestTenant(registries);
    tcp.setTargets([]);
    tcp.cut();
    for (const call of [
      () => registries.ping(),
      () => registry.find(tenantId),
      () => registry.claim({ tenantId, name: "Acme", owner }),
      () => registry.addApiKey(tenantId, newKey()),
      () => registry.ensureGatewayLogin(tenantId, newLogin()),
      () => registry.removeOtherLogins(tenantId, undefined),
      () => registry.retain(tenantId, owner),
      () => registry.delete(tenantId, owner),
      () => registries.drop(tenantId, { fence: 1 }),
    ]) {
      await expect(call()).rejects.toThrow(DatabaseUnavailable);
    }
    tcp.setTargets([Number(direct.port)]);
    await registries.ping();
    expect((await find()).owner).toEqual(owner);
  });

  test("§2.2 ping tells which migration is missing, of a database that has none at all too", async () => {
    await it.registries.ping();
    await using empty = await createEmptyDatabase();
    await using registries = openAs(empty.adminUrl);
    const needs = `and ${newestMigration()} is needed`;
    await expect(registries.ping()).rejects.toThrow(`unable to use the database; it is at migration none, ${needs}`);
    await expect(registries.ping()).rejects.toThrow(DatabaseUnavailable);
    await migrate({ databaseUrl: empty.adminUrl });
    await registries.ping();
    await runOn(empty.adminUrl, "insert into sendsar.migrations (name, run_on) values ('9999_of_tomorrow', now())");
    await registries.ping();
    await runOn(empty.adminUrl, "delete from sendsar.migrations where name = '" + newestMigration() + "'");
    await expect(registries.ping()).rejects.toThrow(needs);
  });

  test("§2.2 a wrong password and a database that is not there are told as such, without the password", async () => {
    const [wrong, nowhere] = [new URL(it.database.adminUrl), new URL(it.database.adminUrl)];
    wrong.password = "not-the-password";
    nowhere.pathname = "/not_there";
    for (const url of [wrong, nowhere]) {
      await using registries = openAs(url.href);
      const error: unknown = await registries.ping().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DatabaseUnavailable);
      expect((error as Error).message).toBe("unable to use the database; the database does not let the operator in");
    }
  });
});

describe("§2.2 PrivilegeMissing", () => {
  /** A login that owns a migrated database and may do no more than is said. */
  const openOwner = async (rights: string) => {
    const parts = new AsyncDisposableStack();
    const name = `owner_${randomBytes(6).toString("hex")}`;
    // When what it owned is gone.
    parts.defer(async () => void (await runOn(it.database.adminUrl, `drop role ${name}`)));
    const database = parts.use(await createEmptyDatabase());
    const url = new URL(database.adminUrl);
    [url.username, url.password] = [name, "of-the-owner"];
    await runOn(database.adminUrl, `create role ${name} login password 'of-the-owner' createrole`);
    // The roles of a deployment belong to the server: whoever migrates a second one on it needs them given.
    for (const role of ["sendsar_gateway", "sendsar_bound_gateway", "sendsar_provisioner"]) {
      // Not its rights: those of bound gateways would bind the owner too.
      await runOn(database.adminUrl, `grant ${role} to ${name} with admin true, inherit false`);
    }
    await runOn(database.adminUrl, `alter database ${database.name} owner to ${name}`);
    await migrate({ databaseUrl: url.href });
    await runOn(database.adminUrl, `alter role ${name} ${rights}`);
    const registries = parts.use(openAs(url.href));
    return { registries, adminUrl: database.adminUrl, name, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  };

  test("§2.2 of a login that may make no database and no roles: the sentence says which, and it heals when it is given", async () => {
    await using owner = await openOwner("nocreaterole nocreatedb");
    const [tenantId, resource] = [newTenantId(), newOwner()];
    const own = await owner.registries.open(tenantId, "Database", { fence: 1 });
    const claim = () => own.claim({ tenantId, name: "Acme", owner: resource });
    await expect(claim()).rejects.toThrow(PrivilegeMissing);
    await expect(claim()).rejects.toThrow(
      `unable to claim tenant ${tenantId}; the login of the operator lacks a privilege: permission denied to create database`,
    );
    const { tenantId: sharedId, registry } = await bindTestTenant(owner.registries);
    const login = newLogin();
    await expect(registry.ensureGatewayLogin(sharedId, login)).rejects.toThrow(
      new RegExp(
        `^unable to make a login for tenant ${sharedId}; .* lacks a privilege: permission denied to create role`,
      ),
    );

    await runOn(owner.adminUrl, `alter role ${owner.name} createrole createdb`);
    expect(await claim()).toMatchObject({ claimed: true });
    for (const [id, to] of [
      [sharedId, registry],
      [tenantId, own],
    ] as const) {
      const { databaseUrl } = await to.ensureGatewayLogin(id, login);
      const session = new pg.Client({ connectionString: databaseUrl });
      const ended = new Promise<unknown>((resolve) => session.on("error", resolve));
      await session.connect();
      await to.removeOtherLogins(id, undefined);
      expect(await ended).toMatchObject({ code: "57P01" });
      await to.ensureGatewayLogin(id, newLogin());
    }
    await registry.delete(sharedId, (await registry.find(sharedId))?.owner ?? resource);
    await own.delete(tenantId, resource);
    expect(await own.find(tenantId)).toBeUndefined();
  });
});
