import { randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { TestClient } from "../../scripts/testing/client.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { TenantNotFoundError } from "../src/provisioning/provisioner.ts";
import { TenantInvalidError } from "../src/provisioning/tenant-settings.ts";

// Contract §12: settings that the Tenant resource sets, and bounds of a tenant's own.

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());
afterEach(() => {
  expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
});

interface Tenant {
  readonly tenantId: string;
  readonly api: TestClient;
  /** The same at the other gateway. */
  readonly there: TestClient;
  readonly manage: (settings: Record<string, unknown>) => Promise<void>;
  readonly read: () => Promise<Record<string, Record<string, unknown>>>;
}

const newTenant = async (): Promise<Tenant> => {
  const { tenantId, apiKey } = await one.provisioner.createTenant({ tenantId: `t-${randomUUID().slice(0, 8)}` });
  const [api, there] = [one.url, two.url].map((url) => createTestClient(url, { "x-api-key": apiKey })) as [
    TestClient,
    TestClient,
  ];
  return {
    tenantId,
    api,
    there,
    manage: (settings) => one.provisioner.setManagedSettings(tenantId, settings),
    async read() {
      const [here, elsewhere] = await Promise.all([api.get("/tenant/settings"), there.get("/tenant/settings")]);
      expect(elsewhere.body).toEqual(here.body);
      return here.body;
    },
  };
};

const patch = ({ api }: Tenant, body: unknown) => api.patch("/tenant/settings", body);

describe("12 what is managed", () => {
  test("12 is over what the tenant has set, and over the defaults, on every gateway; the rest is the tenant's", async () => {
    const tenant = await newTenant();
    await patch(tenant, {
      chat: { deletedMessageDisplay: "placeholder", media: { presignTtlSeconds: 600 } },
      own: { a: 1 },
    });
    const before = await tenant.read();
    await tenant.manage({
      chat: { deletedMessageDisplay: "hidden", media: { enabled: false } },
      managed: { list: [1] },
    });
    expect(await tenant.read()).toEqual({
      ...before,
      chat: {
        ...before["chat"],
        deletedMessageDisplay: "hidden",
        media: { ...(before["chat"]?.["media"] as object), presignTtlSeconds: 600, enabled: false },
      },
      managed: { list: [1] },
    });
  });

  test("12 is what the product does: a deleted message is hidden when that is managed", async () => {
    const tenant = await newTenant();
    await patch(tenant, { chat: { deletedMessageDisplay: "placeholder" } });
    await tenant.manage({ chat: { deletedMessageDisplay: "hidden" } });
    const ann = await createTestUser(one, tenant);
    const room = await createTestRoom(tenant, [ann, await createTestUser(one, tenant)]);
    const { body: sent } = await ann.send(room.id, "to be deleted");
    const path = `/chat/rooms/${room.id}/messages/${sent.id}`;
    const deleted = await ann.client.call("DELETE", path);
    expect(deleted).toMatchObject({ status: 200, body: { deletedHidden: true } });
    await tenant.manage({});
    await patch(tenant, { chat: { deletedMessageDisplay: "placeholder" } });
    expect((await ann.client.get(path)).body).toMatchObject({ id: sent.id, deletedHidden: false });
  });

  // What is managed below, and what of it each change touches.
  const managed = {
    chat: { deletedMessageDisplay: "hidden", media: { enabled: false } },
    calls: { maxParticipants: 4 },
  };
  const own = { mine: { list: [1, 2], deep: { er: 1 } } };
  const touching: readonly [change: object, paths: readonly string[]][] = [
    [{ chat: { deletedMessageDisplay: "placeholder" } }, ["chat.deletedMessageDisplay"]],
    [{ chat: { deletedMessageDisplay: "hidden" } }, ["chat.deletedMessageDisplay"]],
    [{ chat: { deletedMessageDisplay: null } }, ["chat.deletedMessageDisplay"]],
    [{ chat: { media: { enabled: true, presignTtlSeconds: 600 } } }, ["chat.media.enabled"]],
    [{ chat: { media: null } }, ["chat.media.enabled"]],
    [{ chat: { media: 7 } }, ["chat.media.enabled"]],
    [{ chat: null }, ["chat.deletedMessageDisplay", "chat.media.enabled"]],
    [{ chat: [] }, ["chat.deletedMessageDisplay", "chat.media.enabled"]],
    [
      { chat: { deletedMessageDisplay: "hidden", media: { enabled: true } }, calls: { maxParticipants: 8 }, free: 1 },
      ["chat.deletedMessageDisplay", "chat.media.enabled", "calls.maxParticipants"],
    ],
    [{ calls: { maxParticipants: { deeper: 1 } } }, ["calls.maxParticipants"]],
    [{ operator: { list: [] } }, ["operator.list"]],
    [{ operator: { list: { 0: 1 } } }, ["operator.list"]],
    [{ operator: "x" }, ["operator.list", "operator.flag"]],
  ];
  test("12 cannot be changed over REST: 409 that names each key which the change touches, and then nothing is changed", async () => {
    const tenant = await newTenant();
    await patch(tenant, own);
    await tenant.manage({ ...managed, operator: { list: [1, { a: 1 }], flag: true } });
    await requireUnchanged(one.database.adminUrl, ["a", "b", tenant.tenantId], async () => {
      for (const [change, paths] of touching) {
        for (const api of [tenant.api, tenant.there]) {
          const answer = await api.patch("/tenant/settings", change);
          expect(answer, JSON.stringify(change)).toMatchObject({
            status: 409,
            body: {
              code: "managed_by_kubernetes",
              error: "This is set by the Tenant resource and can be changed only there",
            },
          });
          expect(answer.body.details).toEqual(
            paths.toSorted().map((path) => ({ path, message: "is set by the Tenant resource" })),
          );
        }
      }
    });
  });

  test("12 leaves its neighbours free, at every depth", async () => {
    const tenant = await newTenant();
    await tenant.manage(managed);
    const changed = await patch(tenant, {
      chat: { deletedMessagePlaceholder: "gone", media: { presignTtlSeconds: 900 } },
      calls: { enabled: true },
      free: { x: [] },
    });
    expect(changed.status).toBe(200);
    expect(changed.body).toEqual(await tenant.read());
    expect(changed.body).toMatchObject({
      ...managed,
      chat: { ...managed.chat, deletedMessagePlaceholder: "gone", media: { enabled: false, presignTtlSeconds: 900 } },
      calls: { maxParticipants: 4, enabled: true },
      free: { x: [] },
    });
    expect((await patch(tenant, { chat: { media: {} }, calls: {} })).status).toBe(200);
  });

  test("12 and is managed no more goes on as it was, as the tenant's own, which may change it then", async () => {
    const tenant = await newTenant();
    await patch(tenant, { chat: { deletedMessageDisplay: "placeholder" }, calls: { maxParticipants: 16 } });
    await tenant.manage({ ...managed, extra: { kept: [1, 2] } });
    const before = await tenant.read();
    await tenant.manage({ calls: { maxParticipants: 4 } });
    expect(await tenant.read()).toEqual(before);
    expect((await patch(tenant, { chat: { deletedMessageDisplay: "placeholder" } })).status).toBe(200);
    expect((await patch(tenant, { extra: null })).body).not.toHaveProperty("extra");
    expect((await patch(tenant, { calls: { maxParticipants: 5 } })).status).toBe(409);
    await tenant.manage({});
    expect((await tenant.read())["calls"]).toMatchObject({ maxParticipants: 4 });
    expect((await patch(tenant, { calls: { maxParticipants: null } })).body.calls.maxParticipants).toBe(8);
  });

  test("12 again with the same settings changes not one row but the time", async () => {
    const tenant = await newTenant();
    await tenant.manage(managed);
    const settingsOf = async () => {
      const [row = "{}"] = (await readTenantRows(one.database.adminUrl, tenant.tenantId))["tenants"] ?? [];
      const { settings, managed_settings } = JSON.parse(row);
      return { settings, managed_settings };
    };
    expect(await settingsOf()).toEqual({ settings: {}, managed_settings: managed });
    await tenant.manage(managed);
    expect(await settingsOf()).toEqual({ settings: {}, managed_settings: managed });
  });

  test("12 while the tenant changes its own all the time: no change is lost, and no managed key is the tenant's", async () => {
    const tenant = await newTenant();
    const changes = Array.from({ length: 20 }, (_, n) => patch(tenant, { race: { [`key${n}`]: n } }));
    const managing = Array.from({ length: 10 }, (_, n) => tenant.manage({ calls: { maxParticipants: 2 + n } }));
    const answers = await Promise.all(changes);
    await Promise.all(managing);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(Object.keys((await tenant.read())["race"] ?? {})).toHaveLength(20);
    expect((await patch(tenant, { calls: { maxParticipants: 5 } })).status).toBe(409);
  });

  const wrong: Readonly<Record<string, readonly [settings: Record<string, unknown>, sentence: RegExp]>> = {
    "a value that does not fit": [{ calls: { maxParticipants: 33 } }, /calls\.maxParticipants: /],
    "a value of another type": [{ chat: 7 }, /chat: /],
    "null, which would manage nothing": [
      { chat: { media: { enabled: null } } },
      /chat\.media\.enabled: must not be null/,
    ],
    "what is no setting": [{ plan: "pro" }, /; plan: This is not a setting$/],
    "more than fits": [{ mine: "x".repeat(limits.settingsBytesMax) }, /must be at most/],
  };
  test.for(Object.entries(wrong))("12 %s is refused, and nothing is changed", async ([, [settings, sentence]]) => {
    const tenant = await newTenant();
    await tenant.manage(managed);
    await requireUnchanged(one.database.adminUrl, [tenant.tenantId], async () => {
      const refused = tenant.manage(settings);
      await expect(refused).rejects.toThrow(TenantInvalidError);
      await expect(refused).rejects.toThrow(/^unable to set the settings of a tenant; /);
      await expect(refused).rejects.toThrow(sentence);
    });
  });

  test("12 of one tenant is nothing to another, and of none is refused", async () => {
    const [tenant, other] = [await newTenant(), await newTenant()];
    await requireUnchanged(one.database.adminUrl, ["a", "b", other.tenantId], () => tenant.manage(managed));
    expect((await patch(other, { calls: { maxParticipants: 5 } })).status).toBe(200);
    await expect(one.provisioner.setManagedSettings("nobody", {})).rejects.toThrow(TenantNotFoundError);
    await expect(one.provisioner.setQuotas("nobody", {})).rejects.toThrow(TenantNotFoundError);
  });
});

describe("12 quotas", () => {
  test("12 are stored whole, in place of those before, and are in force on every gateway within seconds", async () => {
    const tenant = await newTenant();
    await one.provisioner.setQuotas(tenant.tenantId, {
      storageBytes: 5_000_000,
      rateLimits: { "send-message": { user: { count: 5, seconds: 10 } }, read: { tenant: { count: 7, seconds: 1 } } },
    });
    for (const api of [tenant.api, tenant.there]) {
      await vi.waitFor(async () => expect((await api.get("/tenant/storage")).body.quotaBytes).toBe(5_000_000), 7000);
    }
    await one.provisioner.setQuotas(tenant.tenantId, {});
    expect((await tenant.api.get("/tenant/storage")).body.quotaBytes).toBe(limits.storageBytesDefault);
  });

  const wrong: readonly [path: string, quotas: object][] = [
    ["storageBytes", { storageBytes: -1 }],
    ["storageBytes", { storageBytes: "5" }],
    ["storageBytes", { storageBytes: 1.5 }],
    ["rateLimits.send-message.user.count", { rateLimits: { "send-message": { user: { count: 0, seconds: 1 } } } }],
    ["rateLimits.send-message.user.seconds", { rateLimits: { "send-message": { user: { count: 1, seconds: 0 } } } }],
    ["rateLimits.send-message.user.seconds", { rateLimits: { "send-message": { user: { count: 1 } } } }],
    ["rateLimits.send-message", { rateLimits: { "send-message": { everybody: { count: 1, seconds: 1 } } } }],
    [
      'rateLimits: Unrecognized key: "send-messages"',
      { rateLimits: { "send-messages": { user: { count: 1, seconds: 1 } } } },
    ],
    ["Unrecognized key", { storage: 1 }],
  ];
  test.for(wrong)("12 %s: %j is refused, and nothing is changed", async ([path, quotas]) => {
    await requireUnchanged(one.database.adminUrl, ["a", "b"], async () => {
      const refused = one.provisioner.setQuotas("a", quotas as never);
      await expect(refused).rejects.toThrow(TenantInvalidError);
      await expect(refused).rejects.toThrow(`unable to set the quotas of a tenant; ${path}`);
    });
  });

  test("A20 a tenant cannot set what bounds it", async () => {
    const tenant = await newTenant();
    await requireUnchanged(one.database.adminUrl, [tenant.tenantId], async () => {
      for (const body of [
        { quotas: { storageBytes: 1e15 } },
        { limits: {} },
        { plan: "enterprise" },
        { keys: [] },
        { id: "x" },
      ]) {
        expect((await patch(tenant, body)).body.code).toBe("reserved_setting");
      }
    });
    await patch(tenant, { managed_settings: {}, managedSettings: { calls: null } });
    await tenant.manage({ calls: { maxParticipants: 4 } });
    expect((await patch(tenant, { managedSettings: null, calls: { maxParticipants: 9 } })).status).toBe(409);
  });
});
