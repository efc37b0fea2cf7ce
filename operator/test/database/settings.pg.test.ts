import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newTenantId, startTestRegistries } from "./test-registries.ts";

// operator.md §2.5: settings and quotas that the resource sets, and its suspension.

let it: TestRegistries;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

const settings = { chat: { deletedMessageDisplay: "hidden", media: { enabled: false } }, own: { list: [1, 2.5] } };
const quotas = { storageBytes: 1_000_000, rateLimits: {} };

describe("§2.5 settings and quotas", () => {
  test("§2.5 are stored as they are, and found", async () => {
    const { tenantId, registry, find } = await bindTestTenant(it.registries);
    await registry.setManagedSettings(tenantId, settings);
    await registry.setQuotas(tenantId, quotas);
    expect(await find()).toMatchObject({ managedSettings: settings, quotas });
    await registry.setManagedSettings(tenantId, {});
    expect((await find()).managedSettings).toEqual({});
  });

  test("§2.5 the same again writes nothing, whatever the order of the keys", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    await registry.setManagedSettings(tenantId, settings);
    await registry.setQuotas(tenantId, quotas);
    await requireNothingWritten(it.database.adminUrl, async () => {
      await registry.setManagedSettings(tenantId, {
        own: { list: [1, 2.5] },
        chat: { media: { enabled: false }, deletedMessageDisplay: "hidden" },
      });
      await registry.setQuotas(tenantId, { rateLimits: {}, storageBytes: 1_000_000 });
      await registry.setSuspended(tenantId, false);
    });
  });

  test("§2.5 what does not fit is refused with its path, and nothing is changed", async () => {
    const { tenantId, registry } = await bindTestTenant(it.registries);
    await requireUnchanged(it.database.adminUrl, [tenantId], async () => {
      const wrong = registry.setManagedSettings(tenantId, { chat: { deletedMessageDisplay: "sideways" } });
      await expect(wrong).rejects.toThrow(Refused);
      await expect(wrong).rejects.toThrow(/^unable to set the settings of a tenant; chat\.deletedMessageDisplay: /);
      const tooLittle = registry.setQuotas(tenantId, { storageBytes: -1 });
      await expect(tooLittle).rejects.toThrow(Refused);
      await expect(tooLittle).rejects.toThrow(/^unable to set the quotas of a tenant; storageBytes: /);
    });
  });

  test("§2.5 of a tenant that is not there nothing can be set", async () => {
    const tenantId = newTenantId();
    const registry = await it.registries.open(tenantId, "Shared", { fence: 1 });
    for (const attempt of [
      () => registry.setManagedSettings(tenantId, {}),
      () => registry.setQuotas(tenantId, {}),
      () => registry.setSuspended(tenantId, true),
      () => registry.addSessionKey(tenantId, randomUUID()),
    ]) {
      await expect(attempt()).rejects.toThrow(/; the database has no such tenant$/);
    }
  });
});

describe("§2.2 suspend", () => {
  test("§2.2 is stored, cuts the sockets once, and is taken back; repeated it writes nothing", async () => {
    const { tenantId, registry, find } = await bindTestTenant(it.registries);
    const cuts = async () =>
      (await runOn(it.database.adminUrl, `select from sendsar.revocations where tenant_id = '${tenantId}'`)).length;
    await registry.setSuspended(tenantId, true);
    expect([(await find()).status, await cuts()]).toEqual(["suspended", 1]);
    await requireNothingWritten(it.database.adminUrl, () => registry.setSuspended(tenantId, true));
    await registry.setSuspended(tenantId, false);
    expect([(await find()).status, await cuts()]).toEqual(["active", 1]);
  });
});
