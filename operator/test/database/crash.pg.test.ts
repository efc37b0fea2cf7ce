import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTenantRows, requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import type { TenantOwner, TenantRegistry } from "../../src/database/tenant-registry.ts";
import { DatabaseUnavailable } from "../../src/database/tenant-registry.ts";
import type { TestRegistries } from "./test-registries.ts";
import {
  bindTestTenant,
  newKey,
  newLogin,
  newOwner,
  newTenantId,
  newWebhookSecret,
  requireRecord,
  startTestRegistries,
} from "./test-registries.ts";

// operator.md §2.3: an operator may die between any two calls and in any of them; the next one begins again.

let it: TestRegistries;
let admin: pg.Client;
beforeAll(async () => {
  it = await startTestRegistries();
  admin = new pg.Client({ connectionString: it.database.adminUrl, application_name: "test-crash" });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await it[Symbol.asyncDispose]();
});

/** All that a visit does to a tenant and that ends in one state. */
const visitOf = (tenantId: string, owner: TenantOwner) => {
  const [first, key, webhook, sessionKeyId] = [newKey(), newKey(), newWebhookSecret(), randomUUID()];
  const [old, login] = [newLogin(), newLogin()];
  return [
    (to: TenantRegistry) => to.claim({ tenantId, name: "Acme", owner }),
    (to: TenantRegistry) => to.addApiKey(tenantId, first),
    (to: TenantRegistry) => to.addApiKey(tenantId, key),
    (to: TenantRegistry) => to.addWebhookSecret(tenantId, webhook),
    (to: TenantRegistry) => to.addSessionKey(tenantId, sessionKeyId),
    (to: TenantRegistry) => to.expireOthers(tenantId, "apiKey", key.id, 3600),
    (to: TenantRegistry) => to.setManagedSettings(tenantId, { chat: { deletedMessageDisplay: "hidden" } }),
    (to: TenantRegistry) => to.setQuotas(tenantId, { storageBytes: 5 }),
    (to: TenantRegistry) => to.ensureGatewayLogin(tenantId, old),
    (to: TenantRegistry) => to.ensureGatewayLogin(tenantId, login),
    (to: TenantRegistry) => to.removeOtherLogins(tenantId, login.id),
    (to: TenantRegistry) => to.setSuspended(tenantId, true),
  ];
};

const run = async (to: TenantRegistry, calls: readonly ((to: TenantRegistry) => Promise<unknown>)[]): Promise<void> => {
  for (const call of calls) await call(to);
};

describe("§2.3 an operator that dies", () => {
  test("§2.3 after any of its calls: the next one begins again under a higher number, and ends where it would have", async () => {
    const calls = visitOf(newTenantId(), newOwner()).length;
    for (let done = 0; done <= calls; done++) {
      const [tenantId, owner] = [newTenantId(), newOwner()];
      const visit = visitOf(tenantId, owner);
      await run(await it.registries.open(tenantId, "Shared", { fence: 2 * done + 1 }), visit.slice(0, done));
      const next = await it.others.open(tenantId, "Shared", { fence: 2 * done + 2 });
      await run(next, visit);
      expect(await requireRecord(next, tenantId)).toMatchObject({
        owner,
        status: "suspended",
        apiKeys: [{ createdAt: expect.any(String) }, { expiresAt: expect.any(String) }],
        webhookSecrets: [{}],
        sessionKeys: [{}],
        managedSettings: { chat: { deletedMessageDisplay: "hidden" } },
        quotas: { storageBytes: 5 },
      });
      const rows = await readTenantRows(it.database.adminUrl, tenantId);
      expect([rows["api_keys"]?.length, rows["gateway_logins"]?.length]).toEqual([2, 1]);
    }
  });

  const writes: Readonly<
    Record<string, (to: TenantRegistry, tenantId: string, owner: TenantOwner) => Promise<unknown>>
  > = {
    claim: (to, tenantId, owner) => to.claim({ tenantId, name: "Another", owner }),
    addApiKey: (to, tenantId) => to.addApiKey(tenantId, newKey()),
    addSessionKey: (to, tenantId) => to.addSessionKey(tenantId, randomUUID()),
    setManagedSettings: (to, tenantId) => to.setManagedSettings(tenantId, { own: { a: 1 } }),
    setSuspended: (to, tenantId) => to.setSuspended(tenantId, true),
    ensureGatewayLogin: (to, tenantId) => to.ensureGatewayLogin(tenantId, newLogin()),
    retain: (to, tenantId, owner) => to.retain(tenantId, owner),
    delete: (to, tenantId, owner) => to.delete(tenantId, owner),
  };
  test.for(Object.entries(writes))(
    "§2.3 in the middle of %s: nothing of it is done, and it can be done again",
    async ([, write]) => {
      // As it is at a hand-over, the one who waits has the next number.
      const { tenantId, owner, registry } = await bindTestTenant(it.registries, { fence: 1000 });
      await requireUnchanged(it.database.adminUrl, [tenantId], async () => {
        // Somebody has the tenant's row: the call has begun, and comes no further.
        await admin.query("begin");
        await admin.query("select from sendsar.tenants where tenant_id = $1 for update", [tenantId]);
        await admin.query("lock table sendsar.gateway_logins in access exclusive mode");
        const failure = write(registry, tenantId, owner).catch((error: unknown) => error);
        await expect.poll(killWaiting, { timeout: 2900 }).toBeGreaterThan(0);
        expect(await failure).toBeInstanceOf(DatabaseUnavailable);
        await admin.query("rollback");
      });
      const before = await readTenantRows(it.database.adminUrl, tenantId);
      await write(registry, tenantId, owner);
      expect(await readTenantRows(it.database.adminUrl, tenantId)).not.toEqual(before);
    },
  );
});

/** Ends the connections that wait for a lock, as the death of their process would. */
const killWaiting = async (): Promise<number> => {
  const { rowCount } = await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
};
