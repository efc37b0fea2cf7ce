import { randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { createApiKey, hashApiKey, isApiKey } from "../auth/api-key.ts";
import type { KeyRing } from "../auth/key-ring.ts";
import { createKeyRing } from "../auth/key-ring.ts";
import { secretBelongsTo } from "../auth/seal.ts";
import type { SealedSecret, SecretKind } from "../store/credentials.ts";
import { findApiKeyOwner, replaceApiKey, replaceSecret } from "../store/credentials.ts";
import { openAdmin } from "../store/admin.ts";
import { openDb } from "../store/db.ts";
import { createGatewayLogin } from "../store/gateway-login.ts";
import { StoreError } from "../store/store-error.ts";
import type { TenantBinding, TenantElsewhere } from "../store/tenant-bindings.ts";
import { findBinding, listTenantsElsewhere } from "../store/tenant-bindings.ts";
import type { Tenant } from "../store/tenants.ts";
import { findTenantStatus, insertTenant, listTenants, setTenantStatus } from "../store/tenants.ts";
import type { UnreadCheck } from "../store/unread-check.ts";
import { verifyUnread } from "../store/unread-check.ts";
import { removeTenantByHand } from "./managed-tenant.ts";
import type { Quotas } from "./quotas.ts";
import { requireTenantId, requireTenantName } from "./tenant-names.ts";
import { setManagedSettings, setQuotas } from "./tenant-settings.ts";

/** A tenant's credentials, shown this once: the database keeps a hash and a sealed secret. */
export interface NewTenantCredentials {
  readonly tenantId: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
}

/** A tenant with this id is there already. */
export class TenantExistsError extends Error {
  override readonly name = "TenantExistsError";
}

/** No tenant has this id. */
export class TenantNotFoundError extends Error {
  override readonly name = "TenantNotFoundError";
}

/**
 * Creates and removes tenants and their credentials: the one piece of code behind the start command, the command line
 * and the operator. Works as the role `sendsar_provisioner`.
 */
export interface Provisioner {
  /** Ids: 1-48 lower-case letters, digits and inner dashes. Throws `TenantExistsError` for a taken one. */
  createTenant(tenant: { readonly tenantId: string; readonly name?: string }): Promise<NewTenantCredentials>;
  /** Those of this database. */
  listTenants(): Promise<Tenant[]>;
  /** Those that have a database of their own. */
  listTenantsElsewhere(): Promise<TenantElsewhere[]>;
  /** Which Tenant resource has the tenant, or had it. */
  findBinding(tenantId: string): Promise<TenantBinding | undefined>;
  /** A new key in force at once; older ones work for `overlapSeconds` more. Throws `TenantNotFoundError`. */
  rotateKey(tenantId: string, overlapSeconds?: number): Promise<{ readonly apiKey: string }>;
  /** A new key signs sessions; tokens of older ones are good for `overlapSeconds` more, 0 cuts them off at once. */
  rotateSessionKey(tenantId: string, overlapSeconds?: number): Promise<void>;
  /** Refuses the tenant's credentials and cuts its sockets within seconds; its data stays. */
  suspendTenant(tenantId: string): Promise<void>;
  /** Takes a suspended tenant up again. */
  resumeTenant(tenantId: string): Promise<void>;
  /**
   * Puts settings over the tenant's own, in place of all that were managed before: REST may read them and not change them.
   * One that is managed no more keeps its value, as the tenant's own. Throws `TenantInvalidError` for what does not fit, and
   * `TenantNotFoundError`.
   */
  setManagedSettings(tenantId: string, settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Sets the tenant's own bounds, in place of all that were set before. Throws the same. In force within seconds. */
  setQuotas(tenantId: string, quotas: Quotas): Promise<void>;
  /** Whose key is this? Undefined for a wrong or expired one. */
  verifyKey(apiKey: string): Promise<string | undefined>;
  /** Removes a tenant and all it has, for good, a database of its own included. Throws `TenantNotFoundError`. */
  deleteTenant(tenantId: string): Promise<void>;
  /** Recounts what every participant has not read. Throws `TenantNotFoundError`. */
  verifyUnread(tenantId: string): Promise<UnreadCheck>;
  /** Makes a login for gateways of this database, with a new password each time, and answers its URL. */
  ensureGatewayLogin(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ProvisionerOptions {
  /** A login that may work as `sendsar_provisioner`: the one that ran the migrations. */
  readonly databaseUrl: string;
  /** 32 bytes in base64, the same as the gateways have. */
  readonly masterKey: string;
}

/** Opens a provisioner on a migrated database. */
export const openProvisioner = async ({ databaseUrl, masterKey }: ProvisionerOptions): Promise<Provisioner> => {
  const keys = createKeyRing({ kind: "master", masterKey });
  const db = openDb({
    databaseUrl,
    poolMax: 2,
    role: "sendsar_provisioner",
    // The next call gets a new connection, or says why not.
    onConnectionError: () => undefined,
  });
  await db.ping();
  const admin = openAdmin({ databaseUrl, poolMax: 1, onConnectionError: () => undefined });

  return {
    async createTenant({ tenantId, name = tenantId }) {
      requireTenantId(tenantId);
      requireTenantName(name);
      const apiKey = createApiKey();
      // 24 random bytes in hex are valid base64 too, which the Standard Webhooks libraries expect after the prefix.
      const webhookSecret = `whsec_${randomBytes(24).toString("hex")}`;
      try {
        await insertTenant(db, {
          tenantId,
          name,
          apiKey: toStoredKey(apiKey),
          sessionKey: sealSecret(keys, tenantId, "session_key", randomBytes(32)),
          webhookSecret: sealSecret(keys, tenantId, "webhook_secret", Buffer.from(webhookSecret)),
        });
      } catch (error) {
        if (!(error instanceof StoreError) || error.kind !== "conflict") throw error;
        throw new TenantExistsError(`unable to create tenant ${tenantId}; it exists already`, { cause: error });
      }
      return { tenantId, apiKey, webhookSecret };
    },
    listTenants: () => listTenants(db),
    listTenantsElsewhere: () => listTenantsElsewhere(db),
    findBinding: (tenantId) => findBinding(db, tenantId),
    async rotateKey(tenantId, overlapSeconds = 0) {
      if (!(await findTenantStatus(db, tenantId))) throw notFound("rotate the key of", tenantId);
      const apiKey = createApiKey();
      await replaceApiKey(db, tenantId, toStoredKey(apiKey), overlapSeconds);
      return { apiKey };
    },
    async rotateSessionKey(tenantId, overlapSeconds = 0) {
      if (!(await findTenantStatus(db, tenantId))) throw notFound("rotate the session key of", tenantId);
      const secret = sealSecret(keys, tenantId, "session_key", randomBytes(32));
      await replaceSecret(db, tenantId, "session_key", secret, overlapSeconds);
    },
    async suspendTenant(tenantId) {
      if (!(await setTenantStatus(db, tenantId, "suspended"))) throw notFound("suspend", tenantId);
    },
    async resumeTenant(tenantId) {
      if (!(await setTenantStatus(db, tenantId, "active"))) throw notFound("resume", tenantId);
    },
    async setManagedSettings(tenantId, settings) {
      if (!(await setManagedSettings(db, tenantId, settings))) throw notFound("set the settings of", tenantId);
    },
    async setQuotas(tenantId, quotas) {
      if (!(await setQuotas(db, tenantId, quotas))) throw notFound("set the quotas of", tenantId);
    },
    async verifyKey(apiKey) {
      if (!isApiKey(apiKey)) return undefined;
      return (await findApiKeyOwner(db, hashApiKey(apiKey)))?.tenantId;
    },
    async deleteTenant(tenantId) {
      if (!(await removeTenantByHand({ admin, db }, tenantId))) throw notFound("delete", tenantId);
    },
    async verifyUnread(tenantId) {
      if (!(await findTenantStatus(db, tenantId))) throw notFound("recount the unread messages of", tenantId);
      return await verifyUnread(db, tenantId);
    },
    ensureGatewayLogin: () => createGatewayLogin(databaseUrl),
    async [Symbol.asyncDispose]() {
      await Promise.all([db[Symbol.asyncDispose](), admin[Symbol.asyncDispose]()]);
    },
  };
};

const sealSecret = (keys: KeyRing, tenantId: string, kind: SecretKind, plain: Buffer): SealedSecret => {
  const secretId = uuidv7();
  return {
    secretId,
    ...keys.seal(plain, secretBelongsTo(tenantId, kind, secretId)),
  };
};

const toStoredKey = (apiKey: string) => ({ keyId: uuidv7(), keyHash: hashApiKey(apiKey), hint: apiKey.slice(-4) });

const notFound = (verb: string, tenantId: string) =>
  new TenantNotFoundError(`unable to ${verb} tenant ${tenantId}; there is none`);
