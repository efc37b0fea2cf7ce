import { createKeyRing } from "../../gateway/src/auth/key-ring.ts";
import { secretBelongsTo } from "../../gateway/src/auth/seal.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import type { Provisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { listSecrets } from "../../gateway/src/store/credentials.ts";
import { openDb } from "../../gateway/src/store/db.ts";
import { Sentence } from "../process/sentence.ts";

/** What the stack needs to run, and what its user needs to use it. */
export interface DemoTenant {
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Of a login for the gateway, with a new password each time. */
  readonly gatewayDatabaseUrl: string;
}

export interface DemoTenantOptions {
  /** Of a migrated database. */
  readonly adminUrl: string;
  readonly masterKey: string;
  /** The key of an earlier start, if it is known. */
  readonly knownKey: string | undefined;
}

const tenantId = "demo";

/**
 * Makes sure that there is a tenant `demo` with a key that we know: the database keeps only a hash, so a key that was
 * lost or replaced makes way for a new one.
 */
export const ensureDemoTenant = async ({ adminUrl, masterKey, knownKey }: DemoTenantOptions): Promise<DemoTenant> => {
  await using provisioner = await openProvisioner({ databaseUrl: adminUrl, masterKey });
  const tenants = await provisioner.listTenants();
  if (!tenants.some((tenant) => tenant.tenantId === tenantId)) {
    const created = await provisioner.createTenant({ tenantId, name: "Demo" });
    return { ...created, gatewayDatabaseUrl: await provisioner.ensureGatewayLogin() };
  }
  return {
    webhookSecret: await readWebhookSecret(adminUrl, masterKey),
    apiKey: await ensureKey(provisioner, knownKey),
    gatewayDatabaseUrl: await provisioner.ensureGatewayLogin(),
  };
};

const ensureKey = async (provisioner: Provisioner, knownKey: string | undefined): Promise<string> => {
  if (knownKey !== undefined && (await provisioner.verifyKey(knownKey)) === tenantId) return knownKey;
  return (await provisioner.rotateKey(tenantId)).apiKey;
};

/** The newest secret in force. That it opens also shows that the master key is the one of this database. */
const readWebhookSecret = async (adminUrl: string, masterKey: string): Promise<string> => {
  await using db = openDb({
    databaseUrl: adminUrl,
    poolMax: 1,
    role: "sendsar_provisioner",
    // The query that needs the connection fails by itself.
    onConnectionError: () => undefined,
  });
  const [newest] = await listSecrets(db, tenantId, "webhook_secret");
  if (!newest) throw new Sentence(`unable to start; the tenant ${tenantId} has no webhook secret`);
  const keys = createKeyRing({ kind: "master", masterKey });
  if (!keys.canOpen(newest.masterKeyId, tenantId)) {
    throw new Sentence(
      "unable to start; the database was set up with another master key; put that back into .sendsar/master-key, " +
        "or start on an empty database with npm start -- --fresh",
    );
  }
  return keys.open(newest, secretBelongsTo(tenantId, "webhook_secret", newest.secretId)).toString();
};
