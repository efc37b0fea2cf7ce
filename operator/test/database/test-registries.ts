import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { createApiKey } from "@sendsar/gateway/auth/api-key";
import type { TestDatabase } from "../../../scripts/testing/database.ts";
import { createTestDatabase } from "../../../scripts/testing/database.ts";
import { runOn, urlOfDatabase } from "../../../scripts/testing/test-server.ts";
import { openRegistries } from "../../src/database/open-registries.ts";
import type {
  TenantOwner,
  TenantRecord,
  TenantRegistries,
  TenantRegistry,
} from "../../src/database/tenant-registry.ts";

/** The database side on a real Postgres, as two operators have it: each with pools of its own. */
export interface TestRegistries extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly masterKey: string;
  readonly registries: TenantRegistries;
  /** Another process of the same deployment. */
  readonly others: TenantRegistries;
}

export const startTestRegistries = async (): Promise<TestRegistries> => {
  const database = await createTestDatabase();
  const masterKey = randomBytes(32).toString("base64");
  const open = () =>
    openRegistries({ adminDatabaseUrl: database.adminUrl, masterKey, onConnectionError: () => undefined });
  const [registries, others] = [open(), open()];
  return {
    database,
    masterKey,
    registries,
    others,
    async [Symbol.asyncDispose]() {
      await registries[Symbol.asyncDispose]();
      await others[Symbol.asyncDispose]();
      await dropLeftovers(database.adminUrl);
      await database[Symbol.asyncDispose]();
    },
  };
};

/** Roles and databases belong to the server, and outlive the test's database. */
const dropLeftovers = async (adminUrl: string): Promise<void> => {
  const selectLogins = "select login from sendsar.gateway_logins";
  const logins = await runOn<{ login: string }>(adminUrl, selectLogins);
  const databases = await runOn<{ name: string }>(
    adminUrl,
    "select datname as name from sendsar.tenant_bindings join pg_database on datname = database_name",
  );
  for (const { name } of databases) {
    logins.push(...(await runOn<{ login: string }>(urlOfDatabase(adminUrl, name), selectLogins)));
    await runOn(adminUrl, `drop database ${pg.escapeIdentifier(name)} with (force)`);
  }
  for (const { login } of logins) {
    const role = pg.escapeIdentifier(login);
    await runOn(adminUrl, `drop owned by ${role}`, `drop role ${role}`);
  }
};

export const newTenantId = (): string => `t-${randomUUID().slice(0, 8)}`;

export const newOwner = (name = "acme", namespace = "default"): TenantOwner => ({ namespace, name, uid: randomUUID() });

export const newKey = () => ({ id: randomUUID(), apiKey: createApiKey() });

export const newWebhookSecret = () => ({
  id: randomUUID(),
  webhookSecret: `whsec_${randomBytes(24).toString("hex")}`,
});

export const newLogin = (connectionLimit = 5) => ({
  id: randomUUID(),
  password: randomBytes(24).toString("base64url"),
  connectionLimit,
});

/** A tenant that is bound, with one credential of each kind. */
export interface BoundTenant {
  readonly tenantId: string;
  readonly owner: TenantOwner;
  readonly registry: TenantRegistry;
  readonly key: { readonly id: string; readonly apiKey: string };
  readonly webhook: { readonly id: string; readonly webhookSecret: string };
  readonly sessionKeyId: string;
  readonly find: () => Promise<TenantRecord>;
}

export const bindTestTenant = async (
  registries: TenantRegistries,
  { isolation = "Shared", fence = 1 }: { readonly isolation?: "Shared" | "Database"; readonly fence?: number } = {},
): Promise<BoundTenant> => {
  const [tenantId, owner] = [newTenantId(), newOwner()];
  const registry = await registries.open(tenantId, isolation, { fence });
  const claim = await registry.claim({ tenantId, name: "Acme", owner });
  if (!claim.claimed) throw new Error("the tenant is somebody else's");
  const [key, webhook, sessionKeyId] = [newKey(), newWebhookSecret(), randomUUID()];
  await registry.addApiKey(tenantId, key);
  await registry.addWebhookSecret(tenantId, webhook);
  await registry.addSessionKey(tenantId, sessionKeyId);
  return { tenantId, owner, registry, key, webhook, sessionKeyId, find: () => requireRecord(registry, tenantId) };
};

export const requireRecord = async (registry: TenantRegistry, tenantId: string): Promise<TenantRecord> => {
  const record = await registry.find(tenantId);
  if (!record) throw new Error(`there is no tenant ${tenantId}`);
  return record;
};
