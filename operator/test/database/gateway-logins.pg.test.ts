import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deriveTenantKey } from "../../../gateway/src/auth/key-ring.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { openRegistries } from "../../src/database/open-registries.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newLogin, startTestRegistries } from "./test-registries.ts";

// operator.md §2.4: what a tenant's gateways log in with.

let it: TestRegistries;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

const usernameOf = (databaseUrl: string): string => new URL(databaseUrl).username;

describe("§2.4 the login of a tenant's gateways", () => {
  test("§2.4 sees its tenant's rows and no other's, whatever context it names, and comes with the tenant's key", async () => {
    const [tenant, other] = [await bindTestTenant(it.registries), await bindTestTenant(it.registries)];
    const wanted = newLogin(7);
    const login = await tenant.registry.ensureGatewayLogin(tenant.tenantId, wanted);
    expect(login).toEqual({
      id: wanted.id,
      databaseUrl: expect.stringContaining(wanted.password),
      tenantKey: deriveTenantKey(it.masterKey, tenant.tenantId),
    });
    expect(usernameOf(login.databaseUrl).length).toBeLessThanOrEqual(63);
    const seenIn = (context: string) =>
      runOn(
        login.databaseUrl,
        `select set_config('sendsar.tenant_id', ${pg.escapeLiteral(context)}, false)`,
        "select tenant_id from tenants",
      );
    expect(await seenIn(tenant.tenantId)).toEqual([{ tenant_id: tenant.tenantId }]);
    for (const context of [other.tenantId, "*", ""]) expect(await seenIn(context)).toEqual([]);
  });

  test("§2.4 repeated it is the same one and nothing is written; another limit is put in force", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    const wanted = newLogin(7);
    const login = await registry.ensureGatewayLogin(tenantId, wanted);
    const again = await requireNothingWritten(it.database.adminUrl, () =>
      registry.ensureGatewayLogin(tenantId, wanted),
    );
    expect(again).toEqual(login);
    expect(await registry.ensureGatewayLogin(tenantId, { ...wanted, connectionLimit: 9 })).toEqual(login);
    const name = pg.escapeLiteral(usernameOf(login.databaseUrl));
    expect(
      await runOn(it.database.adminUrl, `select rolconnlimit as max from pg_roles where rolname = ${name}`),
    ).toEqual([{ max: 9 }]);
  });

  test("§2.4 of many at once, through two operators, one is made", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    const theirs = await it.others.open(tenantId, "Shared", { fence: 1 });
    const wanted = newLogin();
    const urls = await Promise.all(
      Array.from({ length: 6 }, async (_, n) => {
        const { databaseUrl } = await (n % 2 ? theirs : registry).ensureGatewayLogin(tenantId, wanted);
        return databaseUrl;
      }),
    );
    expect(new Set(urls).size).toBe(1);
    expect(await runOn(urls[0] ?? "", "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("§2.4 the others are removed with their sessions, and another tenant's stay", async () => {
    const [tenant, other] = [await bindTestTenant(it.registries), await bindTestTenant(it.registries)];
    const [old, next] = [newLogin(), newLogin()];
    const { databaseUrl: oldUrl } = await tenant.registry.ensureGatewayLogin(tenant.tenantId, old);
    const { databaseUrl: nextUrl } = await tenant.registry.ensureGatewayLogin(tenant.tenantId, next);
    const { databaseUrl: otherUrl } = await other.registry.ensureGatewayLogin(other.tenantId, newLogin());
    const session = new pg.Client({ connectionString: oldUrl });
    const ended = new Promise<unknown>((resolve) => session.on("error", resolve));
    await session.connect();
    await tenant.registry.removeOtherLogins(tenant.tenantId, next.id);
    expect(await ended).toMatchObject({ code: "57P01" });
    await expect(runOn(oldUrl, "select 1")).rejects.toThrow("password authentication failed");
    for (const url of [nextUrl, otherUrl]) expect(await runOn(url, "select 1 as one")).toEqual([{ one: 1 }]);
    await requireNothingWritten(it.database.adminUrl, () =>
      tenant.registry.removeOtherLogins(tenant.tenantId, next.id),
    );
    await tenant.registry.removeOtherLogins(tenant.tenantId, undefined);
    await expect(runOn(nextUrl, "select 1")).rejects.toThrow("password authentication failed");
    expect(await runOn(otherUrl, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("§2.4 pods get the host that they reach the database at, with its port or without", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    const wanted = newLogin();
    const { databaseUrl } = await registry.ensureGatewayLogin(tenantId, wanted);
    for (const [host, expected] of [
      ["db.internal:6432", "db.internal:6432"],
      ["db.internal", "db.internal"],
      ["[fd00::5]:5433", "[fd00::5]:5433"],
    ] as const) {
      await using registries = openRegistries({
        adminDatabaseUrl: it.database.adminUrl,
        masterKey: it.masterKey,
        gatewayDatabaseHost: host,
        onConnectionError: () => undefined,
      });
      const there = await registries.open(tenantId, "Shared", { fence: 1 });
      const url = new URL((await there.ensureGatewayLogin(tenantId, wanted)).databaseUrl);
      expect(url.host).toBe(expected);
      expect([url.username, url.password, url.pathname]).toEqual(
        ["username", "password", "pathname"].map((part) => new URL(databaseUrl)[part as "username"]),
      );
    }
  });

  test("§2.4 what can be no login is refused", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    for (const wrong of [{ id: "No Good" }, { id: "" }, { id: randomUUID() + randomUUID() }, { connectionLimit: 0 }]) {
      const attempt = registry.ensureGatewayLogin(tenantId, { ...newLogin(), ...wrong });
      await expect(attempt).rejects.toThrow(Refused);
      await expect(attempt).rejects.toThrow(/^unable to make a login; its (id|connection limit) must be/);
    }
  });
});
