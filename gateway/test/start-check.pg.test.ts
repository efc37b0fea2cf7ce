import { randomBytes } from "node:crypto";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { createEmptyDatabase } from "../../scripts/testing/empty-database.ts";
import type { TestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import { createTestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import { createTestConfig } from "../../scripts/testing/gateway-config.ts";
import type { TcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../scripts/testing/tcp-switch.ts";
import { runOn, urlOfDatabase } from "../../scripts/testing/test-server.ts";
import { deriveTenantKey } from "../src/auth/key-ring.ts";
import type { Config } from "../src/config.ts";
import { createGateway } from "../src/gateway.ts";
import { openProvisioner } from "../src/provisioning/provisioner.ts";
import { newestMigration } from "../src/store/migrate.ts";

let database: TestDatabase;
const masterKey = randomBytes(32).toString("base64");
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const start = (databaseUrl: string, config: Partial<Config> = {}) =>
  createGateway(createTestConfig({ databaseUrl, masterKey, ...config }), { logger: pino({ level: "silent" }) });

/** Why a gateway does not start on this. */
const refusalOn = async (databaseUrl: string, config: Partial<Config> = {}): Promise<string> => {
  const gateway = await start(databaseUrl, config).catch((error: unknown) => error);
  if (gateway instanceof Error) return gateway.message;
  await (gateway as Awaited<ReturnType<typeof start>>).stop();
  throw new Error("the gateway started");
};

test("a gateway starts with the login that provisioning makes, and serves", async () => {
  await using gateway = await start(database.gatewayUrl);
  const ready = async () => (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).status;
  await vi.waitFor(async () => expect(await ready()).toBe(200), 5000);
});

describe("a gateway refuses a login that row-level security does not bind", () => {
  const bypasses = /^unable to use the database; the login bypasses row-level security/;

  test("a superuser", async () => {
    expect(await refusalOn(database.adminUrl)).toMatch(bypasses);
  });

  test("a superuser in the clothes of the gateway's role, which it could take off again", async () => {
    const url = new URL(database.adminUrl);
    url.searchParams.set("options", "-c role=sendsar_gateway -c search_path=sendsar,pg_temp");
    expect(await refusalOn(url.href)).toMatch(bypasses);
  });

  const withRights: Readonly<Record<string, readonly [give: string, take: string, refusal: RegExp]>> = {
    "one with BYPASSRLS": ["alter role :login bypassrls", "alter role :login nobypassrls", bypasses],
    "a member of the superuser": ["grant :owner to :login", "revoke :owner from :login", bypasses],
    "a member of it that must ask first": [
      "grant :owner to :login with inherit false",
      "revoke :owner from :login",
      bypasses,
    ],
    "the provisioner": ["grant sendsar_provisioner to :login", "revoke sendsar_provisioner from :login", bypasses],
    "one that owns a table": [
      "create table sendsar.own (id int); alter table sendsar.own owner to :login",
      "drop table sendsar.own",
      /^unable to use the database; the login owns tables/,
    ],
    "one that looks elsewhere first": [
      "alter role :login in database :database set search_path = public, sendsar",
      "alter role :login in database :database set search_path = sendsar, pg_temp",
      /^unable to use the database; the login's search_path does not begin with the schema sendsar/,
    ],
  };
  test.for(Object.entries(withRights))("%s", async ([, [give, take, refusal]]) => {
    const admin = new URL(database.adminUrl);
    const run = (sql: string) =>
      runOn(
        database.adminUrl,
        sql
          .replaceAll(":login", pg.escapeIdentifier(new URL(database.gatewayUrl).username))
          .replaceAll(":owner", pg.escapeIdentifier(admin.username))
          .replaceAll(":database", pg.escapeIdentifier(database.name)),
      );
    await run(give);
    try {
      expect(await refusalOn(database.gatewayUrl)).toMatch(refusal);
    } finally {
      await run(take);
    }
    await (await start(database.gatewayUrl)).stop();
  });
});

describe("J17 a gateway of one tenant, and the logins that are bound to one", () => {
  const tenantOf = (tenantId: string): Pick<Config, "keys"> => ({
    keys: { kind: "tenant", tenantId, tenantKey: deriveTenantKey(masterKey, tenantId) },
  });
  let login: TestBoundLogin;
  beforeAll(async () => {
    await runOn(database.adminUrl, "insert into sendsar.tenants (tenant_id, name) values ('a', 'a'), ('b', 'b')");
    login = await createTestBoundLogin({ database }, "a");
  });
  afterAll(() => login[Symbol.asyncDispose]());

  test("J17 start together, and not with those of another", async () => {
    await (await start(login.databaseUrl, tenantOf("a"))).stop();
    expect(await refusalOn(login.databaseUrl, tenantOf("b"))).toBe(
      "unable to use the database; the login is not bound to the tenant that TENANT_ID names, and to no other",
    );
  });

  test("J17 a gateway of one tenant refuses a login that is bound to none", async () => {
    expect(await refusalOn(database.gatewayUrl, tenantOf("a"))).toMatch(
      /^unable to use the database; TENANT_ID is set, and the login is not bound to one tenant/,
    );
  });

  test("J17 a gateway of all refuses a login that is bound, which would see one tenant only", async () => {
    expect(await refusalOn(login.databaseUrl)).toBe(
      "unable to use the database; the login is bound to one tenant, and TENANT_ID is not set",
    );
  });

  const name = () => pg.escapeIdentifier(new URL(login.databaseUrl).username);
  const spoilt: Readonly<Record<string, readonly [give: () => string, take: () => string, refusal: RegExp]>> = {
    "could take its bounds off": [
      () => `grant sendsar_gateway to ${name()}`,
      () => `revoke sendsar_gateway from ${name()}`,
      /is a member of sendsar_gateway, which is not$/,
    ],
    "is bound to two": [
      () =>
        `insert into sendsar.gateway_logins (tenant_id, login, password_hash)
         values ('b', '${new URL(login.databaseUrl).username}', sha256('x'))`,
      () => "delete from sendsar.gateway_logins where tenant_id = 'b'",
      /; the login is not bound to the tenant that TENANT_ID names, and to no other$/,
    ],
    "whose binding was removed": [
      () => "update sendsar.gateway_logins set login = 'x' where tenant_id = 'a'",
      () => `update sendsar.gateway_logins set login = '${new URL(login.databaseUrl).username}' where tenant_id = 'a'`,
      /; the login is not bound to the tenant that TENANT_ID names, and to no other$/,
    ],
  };
  test.for(Object.entries(spoilt))("J17 refused: a login that %s", async ([, [give, take, refusal]]) => {
    await runOn(database.adminUrl, give());
    try {
      expect(await refusalOn(login.databaseUrl, tenantOf("a"))).toMatch(refusal);
    } finally {
      await runOn(database.adminUrl, take());
    }
    await (await start(login.databaseUrl, tenantOf("a"))).stop();
  });
});

describe("a gateway refuses a database of another schema", () => {
  test("one that was never migrated", async () => {
    await using empty = await createEmptyDatabase();
    // The login is known to the whole server.
    const url = urlOfDatabase(database.gatewayUrl, empty.name);
    expect(await refusalOn(url)).toBe(
      `unable to use the database; it is not migrated, this gateway needs ${newestMigration()}`,
    );
  });

  test("J13 but not the one of the next version: migrations come before the gateways of their version", async () => {
    await runOn(database.adminUrl, "insert into sendsar.migrations (name, run_on) values ('9999_of_tomorrow', now())");
    try {
      await (await start(database.gatewayUrl)).stop();
    } finally {
      await runOn(database.adminUrl, "delete from sendsar.migrations where name = '9999_of_tomorrow'");
    }
  });

  const changes: Readonly<Record<string, readonly [spoil: string, mend: string, at: string]>> = {
    "an older one": [
      `delete from sendsar.migrations where name = '${newestMigration()}'`,
      `insert into sendsar.migrations (name, run_on) values ('${newestMigration()}', now())`,
      "",
    ],
    "a newer one in which a migration of ours is missing": [
      `update sendsar.migrations set name = '9999_of_tomorrow' where name = '${newestMigration()}'`,
      `update sendsar.migrations set name = '${newestMigration()}' where name = '9999_of_tomorrow'`,
      "9999_of_tomorrow",
    ],
    "one whose list of migrations is empty": [
      "create table public.kept as table sendsar.migrations; delete from sendsar.migrations",
      "insert into sendsar.migrations overriding system value select * from public.kept; drop table public.kept",
      "none",
    ],
  };
  test.for(Object.entries(changes))("%s", async ([, [spoil, mend, at]]) => {
    await runOn(database.adminUrl, spoil);
    try {
      expect(await refusalOn(database.gatewayUrl)).toMatch(
        new RegExp(`^unable to use the database; it is at migration ${at}.*, and ${newestMigration()} is needed$`),
      );
    } finally {
      await runOn(database.adminUrl, mend);
    }
    await (await start(database.gatewayUrl)).stop();
  });
});

describe("a gateway that cannot start says so and leaves nothing open", () => {
  test("no such database, a wrong password", async () => {
    const wrong = new URL(database.gatewayUrl);
    wrong.password = "wrong";
    for (const url of [urlOfDatabase(database.gatewayUrl, "nowhere"), wrong.href]) {
      const refusal = await refusalOn(url);
      expect(refusal).toMatch(/^unable to use the database/);
      expect(refusal).not.toMatch(/wrong/);
    }
  });

  test("after a refusal its connections are closed", async () => {
    await refusalOn(database.adminUrl);
    const mine =
      "select from pg_stat_activity where datname = current_database() and application_name = 'sendsar-gateway'";
    await expect.poll(() => runOn(database.adminUrl, mine), { timeout: 5000 }).toEqual([]);
  });
});

describe("a gateway whose database is away when it starts", () => {
  const startVia = (line: TcpSwitch, signal: AbortSignal, onWaiting: () => void) => {
    const url = Object.assign(new URL(database.gatewayUrl), { host: `127.0.0.1:${line.port}` }).href;
    const logger = pino({ level: "warn" }, { write: onWaiting });
    return createGateway(createTestConfig({ databaseUrl: url, masterKey }), { logger, signal });
  };

  test("waits for it, and serves once it is there", async () => {
    await using line = await openTcpSwitch([]);
    const waiting = Promise.withResolvers<void>();
    const starting = startVia(line, new AbortController().signal, waiting.resolve);
    await waiting.promise;
    line.setTargets([Number(new URL(database.gatewayUrl).port)]);
    await using gateway = await starting;
    const ready = async () => (await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).status;
    await vi.waitFor(async () => expect(await ready()).toBe(200), 5000);
  });

  test("gives up when it is told to stop", async () => {
    await using line = await openTcpSwitch([]);
    const stop = new AbortController();
    const starting = startVia(line, stop.signal, () => stop.abort(new Error("told to stop")));
    await expect(starting).rejects.toThrow(/told to stop|aborted/);
  });
});

test("a new login's password replaces the old one", async () => {
  await using provisioner = await openProvisioner({ databaseUrl: database.adminUrl, masterKey });
  const [first, second] = [await provisioner.ensureGatewayLogin(), await provisioner.ensureGatewayLogin()];
  expect(new URL(first).username).toBe(new URL(second).username);
  expect(await refusalOn(first)).toMatch(/^unable to use the database/);
  await (await start(second)).stop();
  const [settings] = await runOn<{ settings: string[] }>(
    second,
    `select array[current_setting('search_path'), current_setting('statement_timeout'), current_setting('lock_timeout'),
       current_setting('idle_in_transaction_session_timeout')] as settings`,
  );
  expect(settings?.settings).toEqual(["sendsar, pg_temp", "5s", "2s", "5s"]);
});
