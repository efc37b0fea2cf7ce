import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import type { TenantRegistry } from "../../src/database/tenant-registry.ts";
import { DatabaseUnavailable, FencedOff } from "../../src/database/tenant-registry.ts";
import type { BoundTenant, TestRegistries } from "./test-registries.ts";
import {
  bindTestTenant,
  newKey,
  newLogin,
  newOwner,
  newTenantId,
  newWebhookSecret,
  startTestRegistries,
} from "./test-registries.ts";

// operator.md §2.3: a leader that was cut off writes nothing after the next one's first write, for whatever tenant.

let it: TestRegistries;
let fence = 1;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

/** Every call that writes, each with something that is not there yet. */
const writesOf = ({ tenantId, owner }: BoundTenant, registry: TenantRegistry) => ({
  claim: () => registry.claim({ tenantId, name: "Another name", owner }),
  addApiKey: () => registry.addApiKey(tenantId, newKey()),
  addWebhookSecret: () => registry.addWebhookSecret(tenantId, newWebhookSecret()),
  addSessionKey: () => registry.addSessionKey(tenantId, randomUUID()),
  setManagedSettings: () => registry.setManagedSettings(tenantId, { chat: { deletedMessageDisplay: "hidden" } }),
  setQuotas: () => registry.setQuotas(tenantId, { storageBytes: 1 }),
  setSuspended: () => registry.setSuspended(tenantId, true),
  ensureGatewayLogin: () => registry.ensureGatewayLogin(tenantId, newLogin()),
  retain: () => registry.retain(tenantId, owner),
  delete: () => registry.delete(tenantId, owner),
});

const fenceNow = async (): Promise<number> => {
  const [row] = await runOn<{ fence: string }>(it.database.adminUrl, "select fence from sendsar.operator_fence");
  return Number(row?.fence);
};

describe("§2.3 the fence", () => {
  test("§2.3 after a write under a higher number, for another tenant, every write under a lower one is refused", async () => {
    const tenant = await bindTestTenant(it.registries, { fence: ++fence });
    const old = await it.registries.open(tenant.tenantId, "Shared", { fence });
    await bindTestTenant(it.others, { fence: ++fence });
    await requireUnchanged(it.database.adminUrl, [tenant.tenantId, "*"], async () => {
      for (const [name, write] of Object.entries(writesOf(tenant, old))) {
        const error: unknown = await write().catch((thrown: unknown) => thrown);
        expect(error, name).toBeInstanceOf(FencedOff);
        expect((error as Error).message).toMatch(/^unable to .*; another operator leads and has written since$/);
      }
    });
    // What makes something first is refused as well, and leaves nothing.
    const tenantId = newTenantId();
    await expect(old.claim({ tenantId, name: "New", owner: newOwner() })).rejects.toThrow(FencedOff);
    expect(await old.find(tenantId)).toBeUndefined();
    // It may still read, and find that all is as it wants it.
    expect(await old.find(tenant.tenantId)).toMatchObject({ owner: tenant.owner });
    await old.addApiKey(tenant.tenantId, tenant.key);
  });

  test("§2.3 the same number goes on writing; a number that is not in use raises nothing by reading", async () => {
    const tenant = await bindTestTenant(it.registries, { fence: ++fence });
    const higher = await it.others.open(tenant.tenantId, "Shared", { fence: fence + 100 });
    await higher.find(tenant.tenantId);
    await higher.addApiKey(tenant.tenantId, tenant.key);
    expect(await fenceNow()).toBe(fence);
    await tenant.registry.addApiKey(tenant.tenantId, newKey());
  });

  test("§2.3 numbers as large as a Lease makes them are kept exactly", async () => {
    const large = 1_900_000_000 * 2 ** 20 + 3;
    const tenant = await bindTestTenant(it.registries, { fence: ++fence });
    const registry = await it.registries.open(tenant.tenantId, "Shared", { fence: large });
    await runInContext(async (client) => {
      await client.query("select sendsar.hold_fence($1::bigint)", [large]);
      expect((await client.query("select fence from sendsar.operator_fence")).rows).toEqual([{ fence: String(large) }]);
    });
    await registry.addApiKey(tenant.tenantId, tenant.key);
    expect(await fenceNow()).toBe(fence);
  });

  test("§2.3 who raises it waits for a write that is under way, and that write is done", async () => {
    const tenant = await bindTestTenant(it.registries, { fence: ++fence });
    const old = await it.registries.open(tenant.tenantId, "Shared", { fence });
    const next = await it.others.open(tenant.tenantId, "Shared", { fence: ++fence });
    const admin = await openClient();
    try {
      // The old leader's write holds the fence and stands before the tenant's row.
      await admin.query("begin");
      await admin.query("select from sendsar.tenants where tenant_id = $1 for update", [tenant.tenantId]);
      const [late, first] = [newKey(), newKey()];
      const under = old.addApiKey(tenant.tenantId, late);
      await expect.poll(() => waiters(admin)).toBe(1);
      const raised = next.addApiKey(tenant.tenantId, first);
      await expect.poll(() => waiters(admin)).toBe(2);
      await admin.query("rollback");
      await Promise.all([under, raised]);
      const ids = (await tenant.find()).apiKeys.map(({ id }) => id);
      expect(new Set(ids)).toEqual(new Set([first.id, late.id, tenant.key.id]));
      await expect(old.addApiKey(tenant.tenantId, newKey())).rejects.toThrow(FencedOff);
    } finally {
      await admin.end();
    }
  });

  test("§2.3 of many writes at once under the old and the next number, only old ones are refused, and in the end all of them", async () => {
    const tenants = await Promise.all(
      Array.from({ length: 4 }, () => bindTestTenant(it.registries, { fence: fence + 1 })),
    );
    const [low, high] = [++fence, ++fence];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { tenantId } = tenants[n % 4] ?? { tenantId: "" };
        const leads = n % 3 === 0;
        const registry = await (leads ? it.others : it.registries).open(tenantId, "Shared", {
          fence: leads ? high : low,
        });
        return await registry.setQuotas(tenantId, { storageBytes: n + 1 }).then(
          () => "done",
          (error: Error) => `${leads ? "next" : "old"}: ${error.name}`,
        );
      }),
    );
    for (const outcome of outcomes) expect(["done", "old: FencedOff"]).toContain(outcome);
    expect(await fenceNow()).toBe(high);
    for (const { tenantId } of tenants) {
      const old = await it.registries.open(tenantId, "Shared", { fence: low });
      await expect(old.setQuotas(tenantId, { storageBytes: 0 })).rejects.toThrow(FencedOff);
    }
  });

  test("§2.3 a lock that nobody lets go of ends as something to try again, not as a loss of the lead", async () => {
    const tenant = await bindTestTenant(it.registries, { fence: ++fence });
    const admin = await openClient();
    try {
      await admin.query("begin");
      await admin.query("select from sendsar.operator_fence for update");
      const refused = tenant.registry.addApiKey(tenant.tenantId, newKey());
      await expect(refused).rejects.toThrow(DatabaseUnavailable);
    } finally {
      await admin.end();
    }
    await tenant.registry.addApiKey(tenant.tenantId, newKey());
  });
});

const openClient = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: it.database.adminUrl, application_name: "test-fence" });
  await client.connect();
  return client;
};

const runInContext = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = await openClient();
  try {
    await client.query("begin; set local search_path = sendsar");
    await work(client);
    await client.query("rollback");
  } finally {
    await client.end();
  }
};

/** Connections of this database that wait for a lock. */
const waiters = async (client: pg.Client): Promise<number> => {
  const { rowCount } = await client.query(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rowCount ?? 0;
};
