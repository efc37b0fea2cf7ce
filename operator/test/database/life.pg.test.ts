import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestClient } from "../../../scripts/testing/client.ts";
import type { TestGateway } from "../../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../../scripts/testing/gateway.ts";
import { plantTenant } from "../../../scripts/testing/plant-tenant.ts";
import type { TenantRows } from "../../../scripts/testing/tenant-rows.ts";
import { readTenantRows, requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { openRegistries } from "../../src/database/open-registries.ts";
import type { TenantRegistries } from "../../src/database/tenant-registry.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { BoundTenant } from "./test-registries.ts";
import { bindTestTenant, newKey, newOwner } from "./test-registries.ts";

// operator.md §2.6: a resource goes, and its tenant is kept or removed; with a gateway that serves it.

let gateway: TestGateway;
let registries: TenantRegistries;
beforeAll(async () => {
  gateway = await startTestGateway();
  registries = openRegistries({
    adminDatabaseUrl: gateway.database.adminUrl,
    masterKey: gateway.masterKey,
    onConnectionError: () => undefined,
  });
});
afterAll(async () => {
  await registries[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const clientOf = (apiKey: string) => createTestClient(gateway.url, { "x-api-key": apiKey });

/** A bound tenant with rows in every table. */
const plant = async (): Promise<BoundTenant & { readonly rows: () => Promise<TenantRows> }> => {
  const tenant = await bindTestTenant(registries);
  const { tenantId, key, owner } = tenant;
  // What it plants is bound to nobody.
  await runOn(gateway.database.adminUrl, `delete from sendsar.tenant_bindings where tenant_id = '${tenantId}'`);
  await plantTenant(gateway, { ...tenant, ...key, ...tenant.webhook, api: clientOf(key.apiKey) });
  await runOn(
    gateway.database.adminUrl,
    `update sendsar.tenant_bindings set namespace = '${owner.namespace}', name = '${owner.name}', uid = '${owner.uid}'
     where tenant_id = '${tenantId}'`,
  );
  return { ...tenant, rows: () => readTenantRows(gateway.database.adminUrl, tenantId) };
};

/** What of a tenant's rows retaining it may change. */
const kept = ({ tenants, api_keys, tenant_secrets, tenant_bindings, revocations, ...others }: TenantRows) => others;

describe("§2.6 retain", () => {
  test("§2.6 keys and sessions are refused within seconds, the data stays byte for byte, and the binding says since when", async () => {
    const tenant = await plant();
    const { tenantId, registry, owner, key } = tenant;
    expect((await clientOf(key.apiKey).get("/chat/rooms")).status).toBe(200);
    const before = kept(await tenant.rows());
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], () => registry.retain(tenantId, owner));
    await vi.waitFor(async () => expect((await clientOf(key.apiKey).get("/chat/rooms")).status).not.toBe(200), 5000);
    expect(kept(await tenant.rows())).toEqual(before);
    const record = await tenant.find();
    expect(record).toMatchObject({ status: "suspended", retainedAt: expect.stringMatching(/Z$/) });
    expect(record.owner).toBeUndefined();
    const credentials = [...record.apiKeys, ...record.webhookSecrets, ...record.sessionKeys];
    expect(credentials).toHaveLength(3);
    for (const { expiresAt = "" } of credentials) {
      expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.parse(record.databaseTime));
    }
    await requireNothingWritten(gateway.database.adminUrl, () => registry.retain(tenantId, owner));
  });

  test("§2.6 the same namespace and name takes it up again, without its old credentials and suspended; then all is as before", async () => {
    const tenant = await plant();
    const { tenantId, registry, owner, key } = tenant;
    const before = kept(await tenant.rows());
    await registry.retain(tenantId, owner);
    const again = { ...owner, uid: randomUUID() };
    const next = await registries.open(tenantId, "Shared", { fence: 1 });
    expect(await next.claim({ tenantId, name: "Acme", owner: again })).toMatchObject({
      claimed: true,
      record: { owner: again, status: "suspended" },
    });
    expect((await tenant.find()).retainedAt).toBeUndefined();
    const fresh = newKey();
    await next.addApiKey(tenantId, fresh);
    await next.setSuspended(tenantId, false);
    await vi.waitFor(async () => expect((await clientOf(fresh.apiKey).get("/chat/rooms")).status).toBe(200), 5000);
    expect(await gateway.provisioner.verifyKey(key.apiKey)).toBeUndefined();
    expect(kept(await tenant.rows())).toEqual(before);
    await next.removeExpired(tenantId);
    expect((await tenant.find()).apiKeys).toEqual([{ id: fresh.id, createdAt: expect.any(String) }]);
  });

  test("§2.6 another one takes it up with adopt only, and hears whose it was", async () => {
    const { tenantId, registry, owner, find } = await plant();
    await registry.retain(tenantId, owner);
    const other = newOwner("other", "elsewhere");
    const theirs = await registries.open(tenantId, "Shared", { fence: 1 });
    await requireUnchanged(gateway.database.adminUrl, [tenantId], async () => {
      expect(await theirs.claim({ tenantId, name: "Mine", owner: other })).toEqual({
        claimed: false,
        heldBy: { namespace: owner.namespace, name: owner.name },
        retained: true,
      });
    });
    const adopted = await theirs.claim({ tenantId, name: "Mine", owner: other, adopt: true });
    expect(adopted).toMatchObject({ claimed: true, record: { owner: other, name: "Mine" } });
    // And the first one is now the stranger.
    expect(await registry.claim({ tenantId, name: "Acme", owner, adopt: true })).toMatchObject({
      claimed: false,
      retained: false,
    });
    await expect(registry.delete(tenantId, owner)).rejects.toThrow(Refused);
    expect((await find()).owner).toEqual(other);
  });
});

describe("§2.6 delete", () => {
  test("§2.6 removes every row of the tenant and none of another, the binding and the logins too; repeated it does nothing", async () => {
    const tenant = await plant();
    const { tenantId, registry, owner, key } = tenant;
    const { databaseUrl } = await registry.ensureGatewayLogin(tenantId, {
      id: randomUUID(),
      password: "secret-of-a-login",
      connectionLimit: 3,
    });
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], () => registry.delete(tenantId, owner));
    // Gateways learn from the one that its sockets must go, and from the other which objects the store must remove.
    const { revocations, file_removals, operator_fence: _, ...others } = await tenant.rows();
    expect([revocations?.length, file_removals?.length]).toEqual([2, 2]);
    for (const [table, rows] of Object.entries(others)) expect(rows, table).toEqual([]);
    expect(await registry.find(tenantId)).toBeUndefined();
    const login = new URL(databaseUrl).username;
    expect(await runOn(gateway.database.adminUrl, `select from pg_roles where rolname = '${login}'`)).toEqual([]);
    await vi.waitFor(async () => expect((await clientOf(key.apiKey).get("/chat/rooms")).status).toBe(401), 5000);
    await requireNothingWritten(gateway.database.adminUrl, () => registry.delete(tenantId, owner));
    await requireNothingWritten(gateway.database.adminUrl, () => registry.retain(tenantId, owner));
  });

  test("§2.6 the id is free then: whoever claims it starts with nothing", async () => {
    const { tenantId, registry, owner } = await plant();
    await registry.delete(tenantId, owner);
    const other = newOwner("other");
    const claim = await registry.claim({ tenantId, name: "Other", owner: other });
    expect(claim).toMatchObject({ claimed: true, record: { owner: other, apiKeys: [], status: "active" } });
    await expect(registry.delete(tenantId, owner)).rejects.toThrow(Refused);
    await registry.delete(tenantId, other);
  });
});
