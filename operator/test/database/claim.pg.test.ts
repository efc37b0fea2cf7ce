import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { openProvisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newKey, newOwner, newTenantId, startTestRegistries } from "./test-registries.ts";

// operator.md §2.3: at most one resource has a tenant, and the row decides which.

let it: TestRegistries;
beforeAll(async () => {
  it = await startTestRegistries();
});
afterAll(() => it[Symbol.asyncDispose]());

const open = (tenantId: string) => it.registries.open(tenantId, "Shared", { fence: 1 });

describe("§2.3 claim", () => {
  test("§2.3 makes the tenant, bound, without credentials, and answers what find answers", async () => {
    const [tenantId, owner] = [newTenantId(), newOwner()];
    const registry = await open(tenantId);
    expect(await registry.find(tenantId)).toBeUndefined();
    const claim = await registry.claim({ tenantId, name: "Acme Corp", owner });
    expect(claim).toEqual({
      claimed: true,
      record: {
        tenantId,
        name: "Acme Corp",
        status: "active",
        owner,
        apiKeys: [],
        webhookSecrets: [],
        sessionKeys: [],
        managedSettings: {},
        quotas: {},
        databaseTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    });
    const { databaseTime: _, ...found } = (await registry.find(tenantId)) ?? { databaseTime: "" };
    expect(claim).toMatchObject({ record: found });
  });

  test("§2.3 repeated it writes nothing; another name becomes the tenant's, and nothing else changes", async () => {
    const { tenantId, owner, registry, find } = await bindTestTenant(it.registries);
    await requireNothingWritten(it.database.adminUrl, () => registry.claim({ tenantId, name: "Acme", owner }));
    const before = await find();
    await registry.claim({ tenantId, name: "Acme & Sons", owner });
    expect(await find()).toEqual({ ...before, name: "Acme & Sons", databaseTime: expect.any(String) });
  });

  test("§2.3 of 20 resources at once, through two operators, one gets it and the others learn which", async () => {
    const tenantId = newTenantId();
    const owners = Array.from({ length: 20 }, (_, n) => newOwner(`acme-${n}`));
    const claims = await Promise.all(
      owners.map(async (owner, n) => {
        const registry = await (n % 2 ? it.others : it.registries).open(tenantId, "Shared", { fence: 1 });
        return { owner, claim: await registry.claim({ tenantId, name: owner.name, owner }) };
      }),
    );
    const winners = claims.filter(({ claim }) => claim.claimed);
    expect(winners).toHaveLength(1);
    const [winner] = winners;
    const { namespace, name } = winner?.owner ?? newOwner();
    for (const { claim } of claims.filter((one) => one !== winner)) {
      expect(claim).toEqual({ claimed: false, heldBy: { namespace, name }, retained: false });
    }
    expect(await (await open(tenantId)).find(tenantId)).toMatchObject({ owner: winner?.owner, name });
  });

  test("§2.3 what the loser calls leaves the winner's rows byte-identical, with adopt too", async () => {
    const { tenantId, owner } = await bindTestTenant(it.registries);
    const registry = await open(tenantId);
    const loser = newOwner("loser");
    await requireUnchanged(it.database.adminUrl, [tenantId], async () => {
      for (const adopt of [false, true]) {
        const claim = await registry.claim({ tenantId, name: "Mine", owner: loser, adopt });
        expect(claim).toEqual({
          claimed: false,
          heldBy: { namespace: owner.namespace, name: owner.name },
          retained: false,
        });
      }
      await expect(registry.retain(tenantId, loser)).rejects.toThrow(Refused);
      await expect(registry.delete(tenantId, loser)).rejects.toThrow(
        `unable to delete tenant ${tenantId}; it is bound to another resource`,
      );
      // The same name in another namespace, and another object of the same name that never claimed it.
      for (const other of [
        { ...owner, namespace: "other" },
        { ...owner, uid: randomUUID() },
      ]) {
        await expect(registry.delete(tenantId, other)).rejects.toThrow(Refused);
      }
    });
  });

  test("§2.3 a resource that was made anew takes its tenant up, credentials and all", async () => {
    const { tenantId, owner, find } = await bindTestTenant(it.registries);
    const before = await find();
    const again = { ...owner, uid: randomUUID() };
    const claim = await (await open(tenantId)).claim({ tenantId, name: "Acme", owner: again });
    expect(claim).toEqual({ claimed: true, record: { ...before, owner: again, databaseTime: expect.any(String) } });
  });

  test("§2.3 who has lost the tenant since writes nothing to it any more", async () => {
    const { tenantId, owner, registry } = await bindTestTenant(it.registries);
    await registry.retain(tenantId, owner);
    const other = newOwner("other");
    const theirs = await open(tenantId);
    expect(await theirs.claim({ tenantId, name: "Acme", owner: other, adopt: true })).toMatchObject({ claimed: true });
    await requireUnchanged(it.database.adminUrl, [tenantId], async () => {
      for (const write of [
        () => registry.addApiKey(tenantId, newKey()),
        () => registry.addSessionKey(tenantId, randomUUID()),
        () => registry.setSuspended(tenantId, false),
        () => registry.setQuotas(tenantId, { storageBytes: 1 }),
        () => registry.setManagedSettings(tenantId, { chat: { deletedMessageDisplay: "hidden" } }),
      ]) {
        await expect(write()).rejects.toThrow(/the tenant is not bound to this resource any more$/);
      }
    });
    await theirs.addApiKey(tenantId, newKey());
  });

  test("§2.3 a tenant that was made by hand is bound to the first that asks, with what it has", async () => {
    const tenantId = newTenantId();
    await using provisioner = await openProvisioner({
      databaseUrl: it.database.adminUrl,
      masterKey: it.masterKey,
    });
    const { apiKey } = await provisioner.createTenant({ tenantId, name: "By hand" });
    const owner = newOwner();
    const claim = await (await open(tenantId)).claim({ tenantId, name: "By hand", owner });
    expect(claim).toMatchObject({ claimed: true, record: { owner, apiKeys: [{ id: expect.any(String) }] } });
    expect(await provisioner.verifyKey(apiKey)).toBe(tenantId);
  });

  test("§2.3 an id and a name that cannot be are refused with the reason, and bind nothing", async () => {
    const registry = await open("x");
    for (const tenantId of ["", "No Good", "a".repeat(49), "-a", "*", "a' or true --"]) {
      await expect(registry.claim({ tenantId, name: "x", owner: newOwner() })).rejects.toThrow(
        /^unable to use the tenant id; it must be/,
      );
    }
    const tenantId = newTenantId();
    for (const name of ["", "a".repeat(81), "a\u0000b"]) {
      await expect(registry.claim({ tenantId, name, owner: newOwner() })).rejects.toThrow(
        /^unable to use the tenant name; it must be/,
      );
    }
    expect(await registry.claim({ tenantId, name: "x", owner: newOwner("first") })).toMatchObject({ claimed: true });
  });
});
