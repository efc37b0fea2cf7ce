import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeyRing, deriveTenantKey } from "../../../gateway/src/auth/key-ring.ts";
import { secretBelongsTo } from "../../../gateway/src/auth/seal.ts";
import type { Provisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import { openProvisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import { listSecrets } from "../../../gateway/src/store/credentials.ts";
import type { Db } from "../../../gateway/src/store/db.ts";
import { openDb } from "../../../gateway/src/store/db.ts";
import { requireUnchanged } from "../../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { Refused } from "../../src/database/tenant-registry.ts";
import { requireNothingWritten } from "./row-versions.ts";
import type { BoundTenant, TestRegistries } from "./test-registries.ts";
import { bindTestTenant, newKey, newWebhookSecret, startTestRegistries } from "./test-registries.ts";

// operator.md §2.5: credentials by id, with overlaps by the database's clock.

let it: TestRegistries;
let provisioner: Provisioner;
let gatewayDb: Db;
beforeAll(async () => {
  it = await startTestRegistries();
  provisioner = await openProvisioner({ databaseUrl: it.database.adminUrl, masterKey: it.masterKey });
  gatewayDb = openDb({ databaseUrl: it.database.gatewayUrl, poolMax: 2, onConnectionError: () => undefined });
});
afterAll(async () => {
  await provisioner[Symbol.asyncDispose]();
  await gatewayDb[Symbol.asyncDispose]();
  await it[Symbol.asyncDispose]();
});

const kinds = ["apiKey", "webhookSecret", "sessionKey"] as const;
type Kind = (typeof kinds)[number];

/** Adds one more of a kind and answers its id. */
const addOne = async ({ registry, tenantId }: BoundTenant, kind: Kind): Promise<string> => {
  const [key, secret, id] = [newKey(), newWebhookSecret(), randomUUID()];
  if (kind === "apiKey") return (await registry.addApiKey(tenantId, key), key.id);
  if (kind === "webhookSecret") return (await registry.addWebhookSecret(tenantId, secret), secret.id);
  return (await registry.addSessionKey(tenantId, id), id);
};

const idsOf = async (tenant: BoundTenant, kind: Kind): Promise<string[]> =>
  (await rowsOf(tenant, kind)).map(({ id }) => id);

const rowsOf = async (tenant: BoundTenant, kind: Kind) => {
  const { apiKeys, webhookSecrets, sessionKeys } = await tenant.find();
  return { apiKey: apiKeys, webhookSecret: webhookSecrets, sessionKey: sessionKeys }[kind];
};

/** Lets time pass for a tenant's credentials: all that has a time is that much older. */
const pass = (tenant: BoundTenant, seconds: number): Promise<unknown> =>
  runOn(
    it.database.adminUrl,
    ...["api_keys", "tenant_secrets"].map(
      (table) =>
        `update sendsar.${table} set created_at = created_at - interval '${seconds} s',
           expires_at = expires_at - interval '${seconds} s' where tenant_id = '${tenant.tenantId}'`,
    ),
  );

describe("§2.5 adding", () => {
  test("§2.5 a key works at once, what was there goes on working, and the newest is first", async () => {
    const tenant = await bindTestTenant(it.registries);
    const key = newKey();
    await tenant.registry.addApiKey(tenant.tenantId, key);
    for (const { apiKey } of [key, tenant.key]) expect(await provisioner.verifyKey(apiKey)).toBe(tenant.tenantId);
    expect(await idsOf(tenant, "apiKey")).toEqual([key.id, tenant.key.id]);
    expect(JSON.stringify(await tenant.find())).not.toContain(key.apiKey);
  });

  test("§2.5 repeated with the same content it writes nothing, of every kind", async () => {
    const tenant = await bindTestTenant(it.registries);
    await requireNothingWritten(it.database.adminUrl, async () => {
      await tenant.registry.addApiKey(tenant.tenantId, tenant.key);
      await tenant.registry.addWebhookSecret(tenant.tenantId, tenant.webhook);
      await tenant.registry.addSessionKey(tenant.tenantId, tenant.sessionKeyId);
    });
  });

  test("§2.5 other content under the same id, and the same key under another id, are refused; no secret is in the words", async () => {
    const tenant = await bindTestTenant(it.registries);
    const other = await bindTestTenant(it.registries);
    const { tenantId, registry, key, webhook } = tenant;
    await requireUnchanged(it.database.adminUrl, [tenantId, other.tenantId], async () => {
      const attempts = [
        [
          () => registry.addApiKey(tenantId, { ...newKey(), id: key.id }),
          "unable to store the API key; another has its id",
        ],
        [
          () => registry.addApiKey(tenantId, { ...key, id: randomUUID() }),
          "unable to store the API key; it is in use under another id, or by another tenant",
        ],
        [
          () => other.registry.addApiKey(other.tenantId, { ...key, id: randomUUID() }),
          "unable to store the API key; it is in use under another id, or by another tenant",
        ],
        [
          () => registry.addApiKey(tenantId, { id: randomUUID(), apiKey: "not one" }),
          "unable to store the API key; it does not have the form of one",
        ],
        [
          () => registry.addWebhookSecret(tenantId, { ...newWebhookSecret(), id: webhook.id }),
          "unable to store the webhook secret; another has its id",
        ],
        [
          () => registry.addSessionKey(tenantId, "7"),
          "unable to use the id of a credential; it must be a UUID in lower case",
        ],
      ] as const;
      for (const [attempt, sentence] of attempts) {
        const error: unknown = await attempt().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(Refused);
        expect((error as Error).message).toBe(sentence);
      }
    });
  });

  test("§2.5 of the same key many times at once, through two operators, one row is made", async () => {
    const tenant = await bindTestTenant(it.registries);
    const theirs = await it.others.open(tenant.tenantId, "Shared", { fence: 1 });
    const [key, secret, sessionKeyId] = [newKey(), newWebhookSecret(), randomUUID()];
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const registry = n % 2 ? theirs : tenant.registry;
        await registry.addApiKey(tenant.tenantId, key);
        await registry.addWebhookSecret(tenant.tenantId, secret);
        await registry.addSessionKey(tenant.tenantId, sessionKeyId);
      }),
    );
    expect(await idsOf(tenant, "apiKey")).toEqual([key.id, tenant.key.id]);
    expect(await idsOf(tenant, "webhookSecret")).toEqual([secret.id, tenant.webhook.id]);
    expect(await idsOf(tenant, "sessionKey")).toEqual([sessionKeyId, tenant.sessionKeyId]);
  });

  test.for(kinds)(
    "§2.5 at most 12 of a kind are in force, however many at once; one that is over makes room: %s",
    async (kind) => {
      const tenant = await bindTestTenant(it.registries);
      const added = await Promise.allSettled(Array.from({ length: 15 }, () => addOne(tenant, kind)));
      const refused = added.filter((one) => one.status === "rejected");
      expect(refused).toHaveLength(4);
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(Refused);
        expect((reason as Error).message).toMatch(/; 12 are in force, some must end first$/);
      }
      const [keepId = ""] = await idsOf(tenant, kind);
      await tenant.registry.expireOthers(tenant.tenantId, kind, keepId, 0);
      expect(await rowsOf(tenant, kind)).toHaveLength(12);
      await addOne(tenant, kind);
    },
  );

  test("§2.5 secrets are sealed with the tenant's key: a gateway that has only that one opens them, one of another tenant does not", async () => {
    const tenant = await bindTestTenant(it.registries);
    const { tenantId, webhook } = tenant;
    const [stored] = await listSecrets(gatewayDb, tenantId, "webhook_secret");
    if (!stored) throw new Error("no secret is stored");
    const belongsTo = secretBelongsTo(tenantId, "webhook_secret", webhook.id);
    const ringOf = (of: string) =>
      createKeyRing({ kind: "tenant", tenantId, tenantKey: deriveTenantKey(it.masterKey, of) });
    expect(ringOf(tenantId).open(stored, belongsTo).toString()).toBe(webhook.webhookSecret);
    expect(() => ringOf("other").open(stored, belongsTo)).toThrow("unable to open a secret");
  });
});

describe("§2.5 ending the others", () => {
  test.for(kinds)(
    "§2.5 each other one works for the overlap, by the database's clock, and never longer: %s",
    async (kind) => {
      const tenant = await bindTestTenant(it.registries);
      const [first = ""] = await idsOf(tenant, kind);
      const second = await addOne(tenant, kind);
      await tenant.registry.expireOthers(tenant.tenantId, kind, second, 100);
      const { databaseTime } = await tenant.find();
      const endOf = async (id: string) => (await rowsOf(tenant, kind)).find((row) => row.id === id)?.expiresAt;
      const end = Date.parse((await endOf(first)) ?? "");
      expect(end - Date.parse(databaseTime)).toBeGreaterThan(98_000);
      expect(end - Date.parse(databaseTime)).toBeLessThanOrEqual(100_000);
      expect(await endOf(second)).toBeUndefined();
      // Again, and with more time: the end stays. With less it comes nearer.
      await requireNothingWritten(it.database.adminUrl, async () => {
        for (const seconds of [100, 86_400]) await tenant.registry.expireOthers(tenant.tenantId, kind, second, seconds);
      });
      await tenant.registry.expireOthers(tenant.tenantId, kind, second, 10);
      expect(Date.parse((await endOf(first)) ?? "")).toBeLessThan(end - 80_000);
    },
  );

  test("pitfall 27 a key is refused once its time is over for the database, whatever the clocks here say", async () => {
    const tenant = await bindTestTenant(it.registries);
    const key = newKey();
    await tenant.registry.addApiKey(tenant.tenantId, key);
    await tenant.registry.expireOthers(tenant.tenantId, "apiKey", key.id, 60);
    expect(await provisioner.verifyKey(tenant.key.apiKey)).toBe(tenant.tenantId);
    await pass(tenant, 60);
    expect(await provisioner.verifyKey(tenant.key.apiKey)).toBeUndefined();
    expect(await provisioner.verifyKey(key.apiKey)).toBe(tenant.tenantId);
  });

  test.for(kinds)("§2.5 for one that is not there, or that ends itself, nothing is ended: %s", async (kind) => {
    const tenant = await bindTestTenant(it.registries);
    const [first = ""] = await idsOf(tenant, kind);
    const second = await addOne(tenant, kind);
    await tenant.registry.expireOthers(tenant.tenantId, kind, second, 100);
    await requireUnchanged(it.database.adminUrl, [tenant.tenantId], async () => {
      for (const keepId of [first, randomUUID()]) {
        await expect(tenant.registry.expireOthers(tenant.tenantId, kind, keepId, 0)).rejects.toThrow(
          "unable to end the other credentials; the one to keep is not there, or it ends itself",
        );
      }
      for (const overlap of [-1, Number.NaN, Infinity]) {
        await expect(tenant.registry.expireOthers(tenant.tenantId, kind, second, overlap)).rejects.toThrow(Refused);
      }
    });
  });

  test("§2.5 session keys that end at once cut the sessions that they signed, once; with an overlap nothing is cut", async () => {
    const tenant = await bindTestTenant(it.registries);
    const { tenantId, registry } = tenant;
    const cuts = async () =>
      (await runOn(it.database.adminUrl, `select from sendsar.revocations where tenant_id = '${tenantId}'`)).length;
    const second = await addOne(tenant, "sessionKey");
    await registry.expireOthers(tenantId, "sessionKey", second, 100);
    expect(await cuts()).toBe(0);
    await registry.expireOthers(tenantId, "sessionKey", second, 0);
    await registry.expireOthers(tenantId, "sessionKey", second, 0);
    expect(await cuts()).toBe(1);
    await addOne(tenant, "apiKey");
    await registry.expireOthers(tenantId, "apiKey", (await idsOf(tenant, "apiKey"))[0] ?? "", 0);
    expect(await cuts()).toBe(1);
  });

  test("§2.5 what is over is removed, nothing else is, and then nothing is written any more", async () => {
    const tenant = await bindTestTenant(it.registries);
    for (const kind of kinds) {
      const [over, ending] = [await addOne(tenant, kind), await addOne(tenant, kind)];
      const last = await addOne(tenant, kind);
      await tenant.registry.expireOthers(tenant.tenantId, kind, last, 3600);
      const table = kind === "apiKey" ? "api_keys where key_id" : "tenant_secrets where secret_id";
      await runOn(
        it.database.adminUrl,
        `update sendsar.${table.replace(" where", " set expires_at = now() where")} = '${over}'`,
      );
      await tenant.registry.removeExpired(tenant.tenantId);
      expect(await idsOf(tenant, kind)).toEqual([last, ending, expect.any(String)]);
    }
    await requireNothingWritten(it.database.adminUrl, () => tenant.registry.removeExpired(tenant.tenantId));
  });
});

describe("§2.5 which secret signs", () => {
  const order = async (tenant: BoundTenant) =>
    (await listSecrets(gatewayDb, tenant.tenantId, "session_key")).map(({ secretId }) => secretId);

  test("§2.5 a new key signs once every gateway knows it, and the old one until then", async () => {
    const tenant = await bindTestTenant(it.registries);
    expect(await order(tenant)).toEqual([tenant.sessionKeyId]);
    await pass(tenant, 60);
    const second = await addOne(tenant, "sessionKey");
    await tenant.registry.expireOthers(tenant.tenantId, "sessionKey", second, 3600);
    expect(await order(tenant)).toEqual([tenant.sessionKeyId, second]);
    await pass(tenant, 5);
    expect(await order(tenant)).toEqual([second, tenant.sessionKeyId]);
  });

  test("§2.5 one without an end before one that ends, whatever the clock of a server before said", async () => {
    const tenant = await bindTestTenant(it.registries);
    await pass(tenant, -3600);
    const second = await addOne(tenant, "sessionKey");
    await tenant.registry.expireOthers(tenant.tenantId, "sessionKey", second, 7200);
    await pass(tenant, 3700);
    expect(await order(tenant)).toEqual([second, tenant.sessionKeyId]);
    expect(await idsOf(tenant, "sessionKey")).toEqual([second, tenant.sessionKeyId]);
  });

  test("§2.5 a new one at once, when the old one is about to end", async () => {
    const tenant = await bindTestTenant(it.registries);
    await pass(tenant, 60);
    const second = await addOne(tenant, "sessionKey");
    await tenant.registry.expireOthers(tenant.tenantId, "sessionKey", second, 3);
    expect(await order(tenant)).toEqual([second, tenant.sessionKeyId]);
  });
});
